//! A pool of anything.

use mainspring_service::pool::Pool;
use mainspring_task::Shared;

#[tokio::test(start_paused = true)]
async fn defect_5_failed_creates_cost_no_slot() {
    let up = Shared::new(false);
    let backend = up.clone();
    let pool = Pool::builder(move || {
        let up = backend.get();
        async move { if up { Ok(()) } else { Err("connection refused") } }
    });
    let pool = pool.max(3).build();
    for _ in 0..10 {
        assert!(pool.acquire().await.unwrap_err().is_create());
    }
    up.update(|up| *up = true);
    let all = tokio::join!(pool.acquire(), pool.acquire(), pool.acquire());
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
}
