//! What `libtest` would do, for a program that needs `main` for itself.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// The bound of each test. Far more than any needs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Run = fn() -> Pin<Box<dyn Future<Output = ()>>>;
pub(crate) type Test = (&'static str, Run);

macro_rules! tests {
    ($($module:ident :: $name:ident),* $(,)?) => {
        vec![$({
            let run: $crate::harness::Run = || Box::pin($crate::$module::$name());
            (concat!(stringify!($module), "::", stringify!($name)), run)
        }),*]
    };
}
pub(crate) use tests;

/// Runs the tests that the arguments select, one after the other, each on a runtime of its own.
pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    // The value of a flag is no name of a test.
    let values = arguments.iter().zip(arguments.iter().skip(1));
    let formats: Vec<_> = values.filter(|(flag, _)| *flag == "--format").map(|(_, value)| value).collect();
    let words: Vec<_> =
        arguments.iter().filter(|word| !word.starts_with('-') && !formats.contains(word)).collect();
    let is = |name: &str, word: &str| if has("--exact") { name == word } else { name.contains(word) };
    // None is ignored, so those who ask for the ignored ones get none.
    let wanted =
        |name: &str| !has("--ignored") && (words.is_empty() || words.iter().any(|word| is(name, word)));
    if has("--list") {
        tests.iter().filter(|(name, _)| wanted(name)).for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    let mut ran = 0;
    for (name, test) in tests.iter().filter(|(name, _)| wanted(name)) {
        ran += 1;
        let passed = catch_unwind(AssertUnwindSafe(|| block_on(test()))).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    println!("\ntest result: {} passed; {failed} failed", ran - failed);
    ExitCode::from(u8::from(failed > 0))
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.expect("the test takes too long") });
}

/// Asks again and again, for what gives no sign of itself.
pub(crate) async fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
