//! The attribute macros of Mainspring: sugar over public functions of the `mainspring` crate.
//!
//! Use them from there: what they write names `::mainspring`, and nothing that is not public.
//!
//! * [`macro@main`]: turns a function that returns an entrypoint into the program.

mod entry;

use proc_macro::TokenStream;

/// Turns `fn main() -> Entrypoint` into the program: its log is set up, the entrypoint runs, and its end is the
/// exit code.
///
/// ```ignore
/// use mainspring::{Entrypoint, service};
///
/// #[mainspring::main]
/// fn main() -> Entrypoint {
///     Entrypoint::new("hello").service(service("greeter", |_| async { Ok(()) }))
/// }
/// ```
///
/// The function may also return `Result<Entrypoint, E>` when it has something to read or check first. An error
/// ends the program with one line on stderr and exit code 1.
///
/// What is written is this, and can be written by hand, for example to describe another log:
///
/// ```ignore
/// fn main() -> std::process::ExitCode {
///     fn main() -> Entrypoint { /* the function's body */ }
///     mainspring::launch(main(), mainspring::log::Log::new())
/// }
/// ```
///
/// # Errors
///
/// It does not compile when the function is `async` (the entrypoint makes the runtime), takes arguments, is
/// generic, or returns nothing.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(arguments.into(), item.into()).into()
}
