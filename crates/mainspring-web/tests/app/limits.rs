use std::time::Duration;

use mainspring_task::Shared;
use mainspring_task::cancel::finally;
use mainspring_web::{App, Route};

use crate::server::{Server, bounded};

#[tokio::test]
async fn a_handler_that_takes_too_long_is_cancelled_with_its_cleanup() {
    bounded(async {
        let log = Shared::new(Vec::new());
        let pen = log.clone();
        let slow = move || {
            let pen = pen.clone();
            async move {
                finally(
                    std::future::pending::<()>(),
                    async move { pen.update(|log| log.push("cleaned up")) },
                )
                .await;
            }
        };
        let app = App::new().add(Route::get("/", slow).timeout(Duration::from_millis(20)));
        let server = Server::start(app).await;
        assert_eq!(server.get("/").await.status, 503);
        assert_eq!(log.get(), ["cleaned up"]);
    })
    .await;
}
