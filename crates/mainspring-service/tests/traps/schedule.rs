//! Work that comes round.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use mainspring_service::schedule::{Cron, Periodic};
use mainspring_task::Shared;
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::{Diary, start};

/// The runs of a cron in Berlin within some hours from a moment, as they stand on the wall there.
async fn in_berlin(expression: &str, begin: &str, hours: u64) -> Vec<String> {
    let (diary, start_of_watch) = (Diary::default(), Instant::now());
    let (pen, begin) = (diary.clone(), begin.parse::<Timestamp>().unwrap());
    let cron = Cron::at_time(expression, move |due: ZonedDateTime| {
        pen.write(due.strftime("%d %H:%M%:z").to_string());
        async {}
    });
    let clock = move || begin + SignedDuration::try_from(start_of_watch.elapsed()).unwrap();
    let running = start(cron.unwrap().zone("Europe/Berlin").unwrap().clock(clock)).await;
    sleep(Duration::from_secs(hours * 3600)).await;
    running.stop().await.unwrap();
    diary.read()
}

/// When runs of 30 ms begin, in milliseconds from the start.
async fn beats(periodic: impl FnOnce(Diary, Instant) -> Periodic) -> Vec<String> {
    let (diary, began) = (Diary::default(), Instant::now());
    let running = start(periodic(diary.clone(), began)).await;
    sleep_until(began + Duration::from_millis(350)).await;
    running.stop().await.unwrap();
    diary.read()
}

async fn beat(diary: Diary, began: Instant) {
    diary.write(began.elapsed().as_millis().to_string());
    sleep(Duration::from_millis(30)).await;
}

#[tokio::test(start_paused = true)]
async fn trap_1_5_a_run_under_way_is_finished_at_the_stop() {
    let (begun, done) = (Shared::new(0), Shared::new(0));
    let (begin, finish) = (begun.clone(), done.clone());
    let slow = Periodic::every(Duration::from_secs(10), move || {
        begin.update(|count| *count += 1);
        let finish = finish.clone();
        async move {
            sleep(Duration::from_secs(3)).await;
            finish.update(|count| *count += 1);
        }
    });
    let running = start(slow.first_after(Duration::from_secs(1))).await;
    begun.until(|count| *count == 1).await;
    assert_eq!(done.get(), 0);
    running.stop().await.unwrap();
    assert_eq!(done.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn trap_1_5_cron_keeps_the_time_of_its_zone() {
    let seen = in_berlin("0 3 * * *", "2024-06-01T00:00:00Z", 30).await;
    assert_eq!(seen, ["01 03:00+02:00", "02 03:00+02:00"]);
}

#[tokio::test(start_paused = true)]
async fn defect_8_cron_neither_loses_nor_repeats_a_day_when_the_clocks_change() {
    let spring = in_berlin("30 2 * * *", "2024-03-30T20:00:00+01:00", 34).await;
    assert_eq!(spring, ["31 03:00+02:00", "01 02:30+02:00"]);
    let autumn = in_berlin("30 2 * * *", "2024-10-26T20:00:00+02:00", 34).await;
    assert_eq!(autumn, ["27 02:30+02:00", "28 02:30+01:00"]);
}

#[tokio::test(start_paused = true)]
async fn defect_8_periodic_work_has_a_fixed_rate_or_a_fixed_pause() {
    let period = Duration::from_millis(100);
    let rate = beats(|diary, began| Periodic::every(period, move || beat(diary.clone(), began))).await;
    assert_eq!(rate, ["0", "100", "200", "300"]);
    let pause = beats(|diary, began| Periodic::pausing(period, move || beat(diary.clone(), began))).await;
    assert_eq!(pause, ["0", "130", "260"]);
}
