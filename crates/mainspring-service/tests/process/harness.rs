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
    let list = arguments.iter().any(|argument| argument == "--list");
    let words: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(&**word));
    let mut failed = 0;
    let mut ran = 0;
    for (name, test) in tests.iter().filter(|(name, _)| wanted(name)) {
        if list {
            println!("{name}: test");
            continue;
        }
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
