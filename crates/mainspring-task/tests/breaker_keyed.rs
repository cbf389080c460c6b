//! What breakers by key promise: one for each, and no more of them than allowed.

use std::net::{Ipv4Addr, SocketAddr};

use mainspring_task::retry::{Breaker, Breakers, State};

fn shops(limit: usize) -> Breakers<String> {
    Breakers::new(Breaker::new("shops").consecutive(1)).keys(limit)
}

fn names(shops: &Breakers<String>) -> Vec<String> {
    shops.all().into_iter().map(|(key, _)| key).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_that_fails_does_not_open_another() {
    let shops = shops(8);
    shops.call("oslo", async || Err::<(), _>("closed")).await.unwrap_err();
    assert!(shops.call("oslo", async || Ok::<_, &str>(())).await.unwrap_err().is_open());
    shops.call("rome", async || Ok::<_, &str>(())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_model_is_none_of_them() {
    let model = Breaker::new("shops").consecutive(1);
    let shops = Breakers::<String>::new(model.clone());
    shops.of("oslo").trip();
    assert_eq!(model.state(), State::Closed);
    model.trip();
    assert_eq!(shops.of("rome").state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_key() {
    let shops = shops(8);
    shops.of("oslo").trip();
    assert_eq!(shops.of("oslo").permit().unwrap_err().breaker(), "shops[\"oslo\"]");
}

#[tokio::test(start_paused = true)]
async fn no_more_keys_are_kept_than_allowed() {
    let shops = shops(3);
    for number in 0..1_000 {
        let _ = shops.of(&number.to_string());
        assert!(shops.len() <= 3);
    }
    assert_eq!(names(&shops), ["997", "998", "999"]);
}

#[tokio::test(start_paused = true)]
async fn the_closed_key_that_was_longest_not_asked_for_goes_first() {
    let shops = shops(3);
    for key in ["oslo", "rome", "bern"] {
        let _ = shops.of(key);
    }
    shops.of("oslo").trip();
    let _ = shops.of("rome");
    let _ = shops.of("oslo");
    let _ = shops.of("paris");
    assert_eq!(names(&shops), ["rome", "oslo", "paris"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_new_keys_does_not_forget_an_open_one() {
    let shops = shops(3);
    shops.of("oslo").trip();
    for number in 0..100 {
        let _ = shops.of(&number.to_string());
    }
    assert_eq!(shops.of("oslo").state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn when_none_is_closed_the_bound_still_holds() {
    let shops = shops(2);
    for key in ["oslo", "rome", "bern"] {
        shops.of(key).trip();
    }
    assert_eq!(names(&shops), ["rome", "bern"]);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_starts_anew() {
    let shops = shops(8);
    assert!(shops.is_empty());
    shops.of("oslo").trip();
    assert!(shops.forget("oslo"));
    assert!(!shops.forget("oslo"));
    assert_eq!(shops.of("oslo").state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_clone_knows_the_same_keys() {
    let shops = shops(8);
    shops.clone().of("oslo").trip();
    assert_eq!(shops.of("oslo").state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn addresses_are_keys_too() {
    let backends = Breakers::<SocketAddr>::new(Breaker::new("backends"));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    backends.of(&address).trip();
    assert_eq!(backends.of(&address).permit().unwrap_err().breaker(), "backends[127.0.0.1:80]");
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_use_the_set() {
    let seen = mainspring_task::Shared::new(0);
    let slot: std::sync::Arc<std::sync::OnceLock<Breakers<String>>> = std::sync::Arc::default();
    let (inner, pen) = (slot.clone(), seen.clone());
    let hook = move |_, _| pen.set(inner.get().map_or(0, Breakers::len));
    let shops = Breakers::new(Breaker::new("shops").on_change(hook)).keys(1);
    assert!(slot.set(shops.clone()).is_ok());
    shops.of("oslo").trip();
    let _ = shops.of("rome");
    assert_eq!(seen.get(), 1);
}
