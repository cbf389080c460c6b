//! Work by the calendar, on a wall clock that goes with the paused one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use mainspring_service::Entrypoint;
use mainspring_service::schedule::{Cron, Missed, Overlap};
use tokio::time::{Instant, sleep};

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// A wall clock that goes with tokio's, and may be set.
#[derive(Clone)]
struct Wall {
    begin: Timestamp,
    start: Instant,
    set: Arc<Mutex<SignedDuration>>,
}

impl Wall {
    fn new(begin: &str) -> Self {
        Wall { begin: begin.parse().unwrap(), start: Instant::now(), set: Arc::default() }
    }

    fn now(&self) -> Timestamp {
        self.begin + SignedDuration::try_from(self.start.elapsed()).unwrap() + *self.set.lock().unwrap()
    }

    fn set_by(&self, hours: i64) {
        *self.set.lock().unwrap() += SignedDuration::from_hours(hours);
    }
}

type Notes = Arc<Mutex<Vec<String>>>;

/// A cron in Berlin that writes down the time each run stands for, and takes `work`.
fn berlin(expression: &str, wall: &Wall, work: Duration) -> (Cron, Notes) {
    let notes: Notes = Arc::default();
    let (pen, clock) = (notes.clone(), wall.clone());
    let cron = Cron::at_time(expression, move |due: ZonedDateTime| {
        pen.lock().unwrap().push(due.strftime("%d %H:%M%:z").to_string());
        sleep(work)
    });
    (cron.unwrap().zone("Europe/Berlin").unwrap().clock(move || clock.now()), notes)
}

/// What runs within some time from a moment.
async fn runs(expression: &str, begin: &str, watch: Duration) -> Vec<String> {
    let wall = Wall::new(begin);
    let (cron, notes) = berlin(expression, &wall, Duration::ZERO);
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(watch).await;
    running.stop().await.unwrap();
    let seen = notes.lock().unwrap();
    seen.clone()
}

const SPRING: &str = "2024-03-30T20:00:00+01:00";
const AUTUMN: &str = "2024-10-26T20:00:00+02:00";

#[tokio::test(start_paused = true)]
async fn cron_runs_in_its_zone_and_not_in_utc() {
    assert_eq!(
        runs("0 3 * * *", "2024-06-01T00:00:00Z", hours(30)).await,
        ["01 03:00+02:00", "02 03:00+02:00"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_that_does_not_exist_runs_when_the_clocks_are_set_ahead() {
    assert_eq!(runs("30 2 * * *", SPRING, hours(34)).await, ["31 03:00+02:00", "01 02:30+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_exists_twice_runs_once() {
    assert_eq!(runs("30 2 * * *", AUTUMN, hours(34)).await, ["27 02:30+02:00", "28 02:30+01:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_rhythm_leaves_out_the_hour_that_does_not_exist() {
    assert_eq!(
        runs("*/30 1-3 * * *", SPRING, hours(8)).await,
        ["31 01:00+01:00", "31 01:30+01:00", "31 03:00+02:00", "31 03:30+02:00"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_rhythm_goes_on_through_the_hour_that_exists_twice() {
    assert_eq!(
        runs("*/30 2 * * *", AUTUMN, hours(9)).await,
        ["27 02:00+02:00", "27 02:30+02:00", "27 02:00+01:00", "27 02:30+01:00"],
    );
}

#[tokio::test(start_paused = true)]
async fn seconds_come_before_the_minutes() {
    let seen = runs("*/20 * * * * *", "2024-06-01T00:00:10Z", Duration::from_secs(55)).await;
    assert_eq!(seen.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_run_begins_at_its_time() {
    let wall = Wall::new("2024-06-01T00:00:10Z");
    let (clock, begun) = (wall.clone(), Arc::new(Mutex::new(Vec::new())));
    let pen = begun.clone();
    let cron = Cron::at("* * * * *", move || {
        pen.lock().unwrap().push(clock.now().as_second() % 60);
        async {}
    });
    let clock = wall.clone();
    let cron = cron.unwrap().clock(move || clock.now());
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(hours(1)).await;
    running.stop().await.unwrap();
    assert_eq!(*begun.lock().unwrap(), [0; 60]);
}

/// What runs when the clock is set ahead by five hours, with a run each hour.
async fn ahead(missed: Missed) -> Vec<String> {
    let wall = Wall::new("2024-06-01T00:30:00+02:00");
    let (cron, notes) = berlin("@hourly", &wall, Duration::from_secs(1));
    let running = Entrypoint::new("test").service(cron.missed(missed)).start().await.unwrap();
    sleep(Duration::from_secs(60)).await;
    wall.set_by(5);
    sleep(hours(1)).await;
    running.stop().await.unwrap();
    let seen = notes.lock().unwrap();
    seen.clone()
}

#[tokio::test(start_paused = true)]
async fn missed_times_are_left_out() {
    assert_eq!(ahead(Missed::Skip).await, ["01 06:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn one_run_stands_for_all_missed_times() {
    assert_eq!(ahead(Missed::Once).await, ["01 05:00+02:00", "01 06:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn missed_times_are_made_up_for_one_after_the_other_within_a_bound() {
    let seen = ahead(Missed::All(3)).await;
    assert_eq!(seen, ["01 03:00+02:00", "01 04:00+02:00", "01 05:00+02:00", "01 06:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn times_missed_while_the_process_was_down_are_made_up_for() {
    let wall = Wall::new("2024-06-03T12:00:00+02:00");
    let (cron, notes) = berlin("0 3 * * *", &wall, Duration::ZERO);
    let cron = cron.since("2024-05-31T03:00:00+02:00".parse().unwrap()).missed(Missed::All(10));
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    running.stop().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["01 03:00+02:00", "02 03:00+02:00", "03 03:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_a_little_repeats_no_run() {
    let wall = Wall::new("2024-06-01T00:30:00+02:00");
    let (cron, notes) = berlin("@hourly", &wall, Duration::ZERO);
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(hours(1)).await;
    wall.set_by(-1);
    sleep(hours(2)).await;
    running.stop().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["01 01:00+02:00", "01 02:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_by_far_is_followed() {
    let wall = Wall::new("2024-06-09T00:30:00+02:00");
    let (cron, notes) = berlin("@hourly", &wall, Duration::ZERO);
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(hours(1)).await;
    wall.set_by(-7 * 24);
    sleep(hours(1)).await;
    running.stop().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["09 01:00+02:00", "02 02:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_its_step_leaves_out_times_unless_they_may_queue() {
    let wall = Wall::new("2024-06-01T00:00:30+02:00");
    for (overlap, expected) in [(Overlap::Skip, 5), (Overlap::Queue(10), 7)] {
        let (cron, notes) = berlin("* * * * *", &wall, Duration::from_secs(90));
        let running = Entrypoint::new("test").service(cron.overlap(overlap)).start().await.unwrap();
        sleep(Duration::from_secs(600)).await;
        assert_eq!(notes.lock().unwrap().len(), expected, "{overlap:?}");
        // The run under way is cut off at the end of the grace.
        drop(running.stop().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_stands_for_the_time_it_was_asked_for() {
    let wall = Wall::new("2024-06-01T10:00:00+02:00");
    let (cron, notes) = berlin("0 3 * * *", &wall, Duration::ZERO);
    let handle = cron.handle();
    let running = Entrypoint::new("test").service(cron).start().await.unwrap();
    sleep(hours(1)).await;
    handle.run_now().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["01 11:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_zone_is_named() {
    let error = Cron::at("@daily", || async {}).unwrap().zone("Europe/Atlantis").unwrap_err();
    assert!(error.is_zone());
    assert!(error.to_string().starts_with("time zone `Europe/Atlantis`: "), "{error}");
}
