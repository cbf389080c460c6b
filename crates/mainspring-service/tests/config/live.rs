use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use mainspring_service::config::{Files, Live, Loader, Sources};
use mainspring_service::{Context, Entrypoint, Result, Running, Service, service};
use mainspring_task::Shared;
use zeroize::Zeroizing;

use crate::settings::Settings;

/// Files that a test writes while they are in use.
#[derive(Clone, Default)]
struct Drawer(Arc<Mutex<BTreeMap<String, String>>>);

impl Drawer {
    fn write(&self, path: &str, text: &str) {
        self.0.lock().unwrap().insert(path.to_owned(), text.to_owned());
    }
}

impl Files for Drawer {
    fn read(&self, path: &Path) -> io::Result<Zeroizing<String>> {
        let files = self.0.lock().unwrap();
        let text = files.get(path.to_str().unwrap()).ok_or(io::ErrorKind::NotFound)?;
        Ok(Zeroizing::new(text.clone()))
    }
}

fn live(text: &str) -> (Drawer, Live<Settings>) {
    let drawer = Drawer::default();
    drawer.write("rates.toml", text);
    drawer.write("token", "one");
    let sources = Sources::none().files(drawer.clone()).var("RATES_LEVEL", "debug");
    (drawer, Loader::new("rates").sources(sources).live().unwrap())
}

#[test]
fn a_reload_says_which_keys_have_changed() {
    let (drawer, live) = live("refresh = '1s'\nhttp.workers = 1\nfactors = { a = 1, b = 2 }");
    drawer
        .write("rates.toml", "refresh = '1s'\nhttp.workers = 2\nfactors = { b = 3, c = 1 }\nlevel = 'info'");
    let changes = live.reload().unwrap();
    assert_eq!(changes.to_string(), "factors.a, factors.b, factors.c, http.workers");
    assert!(changes.contains("http") && changes.contains("http.workers") && !changes.contains("htt"));
    assert_eq!(live.settings().get().http.workers, 2);
}

#[test]
fn what_is_written_otherwise_and_means_the_same_is_no_change() {
    let (drawer, live) = live("refresh = '60s'");
    drawer.write("rates.toml", "# as before\nrefresh = '1m'\nhttp = { workers = 4 }");
    let changes = live.reload().unwrap();
    assert!(changes.is_empty(), "{changes}");
    assert_eq!(changes.to_string(), "nothing has changed");
}

#[test]
fn a_new_secret_in_the_same_file_is_a_change() {
    let (drawer, live) = live("token = { file = 'token' }");
    drawer.write("token", "two");
    let changes = live.reload().unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["token"]);
    assert_eq!(live.settings().get().token.expose(), "two");
    assert!(live.reload().unwrap().is_empty());
}

#[test]
fn a_value_that_toml_cannot_write_changes_too() {
    #[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
    #[serde(default)]
    #[config(crate = "mainspring_service::config")]
    struct Seed {
        seed: u64,
        name: String,
    }
    let drawer = Drawer::default();
    drawer.write("rates.toml", "seed = 18446744073709551615\nname = 'a'");
    let sources = Sources::none().files(drawer.clone());
    let live: Live<Seed> = Loader::new("rates").sources(sources).live().unwrap();
    drawer.write("rates.toml", "seed = 18446744073709551615\nname = 'b'");
    assert_eq!(live.reload().unwrap().to_string(), "name");
    assert_eq!((live.settings().get().seed, &*live.settings().get().name), (u64::MAX, "b"));
}

#[test]
fn a_bad_reload_leaves_all_as_it_was() {
    let (drawer, live) = live("http.workers = 1");
    let before = live.settings().get();
    drawer.write("rates.toml", "http.workers = 2\nrefresh = 3");
    let error = live.reload().unwrap_err();
    assert!(error.to_string().starts_with("rates.toml:2:11: `refresh`"), "{error}");
    assert_eq!(live.settings().get(), before);
}

#[tokio::test(start_paused = true)]
async fn those_who_watch_are_woken_by_a_change_only() {
    let (drawer, live) = live("http.workers = 1");
    let watched = live.settings();
    let mut change = pin!(watched.changed());
    assert!(futures_util::poll!(&mut change).is_pending());
    live.reload().unwrap();
    assert!(futures_util::poll!(&mut change).is_pending());
    drawer.write("rates.toml", "http.workers = 2");
    live.reload().unwrap();
    let Poll::Ready(settings) = futures_util::poll!(&mut change) else { panic!("nobody was woken") };
    assert_eq!(settings.http.workers, 2);
}

#[test]
fn it_shows_no_secret() {
    let (_, live) = live("token = 'hunter2'");
    assert!(!format!("{live:?}").contains("hunter2"));
}

/// Keeps the number of workers that it reads at each reload.
struct Reader {
    live: Live<Settings>,
    told: Shared<Vec<u16>>,
}

impl Service for Reader {
    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        loop {
            cx.reload().await;
            let workers = self.live.settings().get().http.workers;
            self.told.update(|told| told.push(workers));
        }
    }
}

async fn started(live: &Live<Settings>, told: &Shared<Vec<u16>>) -> Running {
    let reader = Reader { live: live.clone(), told: told.clone() };
    Entrypoint::new("test").settings(live).service(reader).start().await.unwrap()
}

#[tokio::test]
async fn a_reload_of_the_process_loads_the_settings_before_the_services_are_told() {
    let (drawer, live) = live("http.workers = 1");
    let told = Shared::new(Vec::new());
    let running = started(&live, &told).await;
    drawer.write("rates.toml", "http.workers = 2");
    running.reload();
    assert_eq!(told.until(|told| !told.is_empty()).await, [2]);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_of_the_process_with_bad_settings_changes_nothing_and_tells_nobody() {
    let (drawer, live) = live("http.workers = 1");
    let told = Shared::new(Vec::new());
    let running = started(&live, &told).await;
    drawer.write("rates.toml", "http.workers = 'many'");
    running.reload();
    drawer.write("rates.toml", "http.workers = 3");
    running.reload();
    assert_eq!(told.until(|told| !told.is_empty()).await, [3]);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reload_while_a_service_is_busy_with_the_one_before_is_not_lost() {
    let (heard, busy) = (Shared::new(0), Shared::new(true));
    let (hears, waits) = (heard.clone(), busy.clone());
    let slow = service("slow", move |cx: Context| slowly(cx, hears.clone(), waits.clone()));
    let running = Entrypoint::new("test").service(slow).start().await.unwrap();
    running.reload();
    heard.until(|heard| *heard == 1).await;
    running.reload();
    running.reload();
    busy.set(false);
    heard.until(|heard| *heard == 2).await;
    running.stop().await.unwrap();
    assert_eq!(heard.get(), 2, "two that came together count as one");
}

async fn slowly(cx: Context, heard: Shared<u32>, busy: Shared<bool>) {
    cx.ready();
    loop {
        cx.reload().await;
        heard.update(|heard| *heard += 1);
        busy.until(|busy| !busy).await;
    }
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
#[serde(default)]
#[config(crate = "mainspring_service::config")]
struct Flattened {
    #[serde(flatten)]
    #[config(nested)]
    inner: Inner,
    level: String,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
#[serde(default)]
#[config(crate = "mainspring_service::config")]
struct Inner {
    token: mainspring_service::config::Secret<String>,
}

#[test]
fn a_changed_secret_of_a_flattened_struct_comes_in_force() {
    let drawer = Drawer::default();
    drawer.write("rates.toml", "token = 'one'");
    let sources = Sources::none().files(drawer.clone());
    let live: Live<Flattened> = Loader::new("rates").sources(sources).live().unwrap();
    assert!(live.reload().unwrap().is_empty());
    drawer.write("rates.toml", "token = 'two'");
    assert_eq!(live.reload().unwrap().keys().collect::<Vec<_>>(), ["token"]);
    assert_eq!(live.settings().get().inner.token.expose(), "two");
}
