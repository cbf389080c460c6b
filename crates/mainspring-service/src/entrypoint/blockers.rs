//! Who holds up the end of a process when the shutdown grace is over.

use std::collections::HashMap;
use std::time::Duration;

use mainspring_task::inspect::{AwaitPlace, await_places_of};
use mainspring_task::{TaskRef, task, threaded};

use super::Running;
use super::running::Member;
use super::stop::{Down, Stage};
use crate::service::Work;

/// How long the tasks may take to say where they await, all together.
const ASK: Duration = Duration::from_millis(100);

/// Where each task awaits.
type Places = HashMap<task::TaskId, AwaitPlace>;

impl Running {
    /// Looks the places up at which somebody waits now.
    ///
    /// The first names in a program take their time; so they are known when the grace is over, and
    /// telling does not put off the end.
    // Exclusive, as in `cut_off`: a shared borrow across the await would have to be `Sync`.
    pub(super) async fn look_ahead(&mut self, down: &Down) {
        let places = await_places_of(self.held_up_by(down), ASK).await;
        let look_up = async move {
            // Whoever is named later is looked up then.
            let _ = threaded(move || places.iter().for_each(|place| _ = place.leaves())).await;
        };
        task::Builder::new().name("look-up of places").spawn(look_up).detach();
    }

    /// Cancels what is left at the end of the grace, and says of each who it is and where it awaits.
    ///
    /// Gives the names of the services.
    pub(super) async fn cut_off(&mut self, down: &Down) -> Vec<String> {
        let places = await_places_of(self.held_up_by(down), ASK).await;
        let places: Places = places.into_iter().map(|place| (place.task().id(), place)).collect();
        for (member, stage) in self.up(down) {
            member.cut_off(stage, self.handover, &places);
        }
        self.up(down).map(|(member, _)| member.name.to_string()).collect()
    }

    /// Who is not down.
    fn up(&self, down: &Down) -> impl Iterator<Item = (&Member, Stage)> {
        let stages = down.stages.iter().copied();
        self.members.iter().zip(stages).filter(|(_, stage)| *stage != Stage::Down)
    }

    /// The tasks that hold the end up.
    fn held_up_by(&self, down: &Down) -> Vec<TaskRef> {
        self.up(down).flat_map(|(member, stage)| member.tasks(stage)).collect()
    }
}

impl Member {
    /// The tasks that hold the service up.
    fn tasks(&self, stage: Stage) -> Vec<TaskRef> {
        let task = |work| if let Work::Task(task) = work { Some(task) } else { None };
        let mut tasks: Vec<_> = self.cx.unfinished().into_iter().filter_map(task).collect();
        if !self.ended || stage == Stage::Stopping {
            tasks.push(self.task.reference());
        }
        tasks
    }

    fn cut_off(&self, stage: Stage, handover: bool, places: &Places) {
        let service = &*self.name;
        let own = self.task.reference();
        let awaits = awaits(&own, places);
        self.cx.begin_stop(handover);
        if !self.ended {
            tracing::error!(service, awaits, "the service has not returned from start in the shutdown grace");
        }
        if stage == Stage::Stopping {
            tracing::error!(service, awaits, "the service has not returned from stop in the shutdown grace");
        }
        self.orders.cut();
        for work in self.cx.unfinished() {
            cut_off(service, work, places);
        }
    }
}

/// Names what is under way, and cancels it where that can be done.
fn cut_off(service: &str, work: Work, places: &Places) {
    let message = "work is cut off at the end of the shutdown grace";
    match work {
        Work::Coming => {}
        Work::Task(task) => {
            let (info, awaits) = (task.info(), awaits(&task, places));
            tracing::error!(service, task = %info.name, place = %info.place, age = ?info.age, awaits, "{message}");
            task.cancel_with("the shutdown grace is over");
        }
        Work::Held { place, since } => {
            tracing::error!(service, task = "a drain guard", %place, age = ?since.elapsed(), "{message}");
        }
    }
}

/// Where the task awaits, on one line.
fn awaits(task: &TaskRef, places: &Places) -> String {
    let place = places.get(&task.id()).map(AwaitPlace::to_string).unwrap_or_default();
    place.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}
