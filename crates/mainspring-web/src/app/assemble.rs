//! An app and those within it, made into one table of routes.

use std::panic::Location;
use std::sync::Arc;

use super::App;
use super::lifecycle::Stage;
use super::on_response::ShowAnswers;
use crate::middleware::Layer;
use crate::route::{Around, Builder, Part, RouteError, Routes, Seat};

/// An app within another.
#[derive(Clone)]
pub(super) struct Within {
    pub(super) app: App,
    pub(super) part: Part,
    pub(super) place: &'static Location<'static>,
}

impl App {
    /// Makes the table of routes.
    ///
    /// States that come from the startup are not in it; a server starts the app and makes its own.
    ///
    /// # Errors
    ///
    /// When routes conflict, a pattern is malformed or a handler takes a state that is not there.
    pub fn build(&self) -> Result<Routes, RouteError> {
        self.assemble().map(|(routes, _)| routes)
    }

    pub(crate) fn has_startup(&self) -> bool {
        self.hooks.has_startup() || self.within.iter().any(|within| within.app.has_startup())
    }

    /// The table, and the hooks of all apps, the outermost first.
    pub(super) fn assemble(&self) -> Result<(Routes, Vec<Stage>), RouteError> {
        let (mut builder, mut stages) = (Builder::new(), Vec::new());
        self.assemble_into(&mut builder, &mut stages, None, (&Part::All, Location::caller()));
        builder.finish().map(|routes| (routes, stages))
    }

    fn assemble_into(
        &self,
        builder: &mut Builder,
        stages: &mut Vec<Stage>,
        outer: Option<Seat>,
        (part, place): (&Part, &'static Location<'static>),
    ) {
        let answers = (!self.on_response.is_empty()).then(|| ShowAnswers(self.on_response.clone()));
        let answers = answers.map(|answers| Arc::new(answers) as Arc<dyn Layer>);
        let around = Around {
            parent: outer.map(|outer| outer.scope),
            part,
            place,
            states: self.states.clone(),
            promised: self.hooks.promised.clone(),
            layers: answers.into_iter().chain(self.layers.iter().cloned()).collect(),
            fallback: self.fallback.as_ref(),
            slashes: self.slashes,
            merge_slashes: self.merge_slashes,
        };
        let seat = builder.scope(outer, around);
        stages.push(Stage { scope: seat.scope, hooks: self.hooks.clone() });
        for route in &self.routes {
            builder.add(seat, route);
        }
        for Within { app, part, place } in &self.within {
            app.assemble_into(builder, stages, Some(seat), (part, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_both_routes_and_places() {
        let app = App::new().get("/a/{x}", || async {}).post("/a/{y}", || async {});
        let error = app.build().expect_err("x and y conflict");
        let text = error.to_string();
        assert!(error.is_conflict());
        assert!(text.contains("`POST /a/{y}` at ") && text.contains("`GET /a/{x}` at "), "{text}");
        assert_eq!(text.matches("assemble.rs:").count(), 2, "{text}");
    }

    #[test]
    fn the_same_route_twice_is_a_conflict() {
        let app = App::new().get("/a", || async {}).get("/a", || async {});
        assert!(app.build().expect_err("twice").is_conflict());
    }

    #[test]
    fn a_malformed_pattern_is_told() {
        for pattern in ["a", "/{", "/{}", "/{*a}/b"] {
            let error = App::new().get(pattern, || async {}).build().expect_err(pattern);
            assert!(error.is_malformed(), "{error}");
            assert!(error.to_string().contains("assemble.rs:"), "{error}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let app = App::new().get("a", || async {}).get("b", || async {});
        let text = app.build().expect_err("two faults").to_string();
        assert!(text.contains("`GET a`") && text.contains("`GET b`"), "{text}");
    }

    #[test]
    fn methods_of_one_pattern_do_not_conflict() {
        assert!(
            App::new().get("/a", || async {}).post("/a", || async {}).any("/a", || async {}).build().is_ok()
        );
    }
}
