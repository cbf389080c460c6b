//! The attribute macros of Mainspring: sugar over public functions of the `mainspring` crate.
//!
//! Use them from there: what they write names `::mainspring`, and nothing that is not public.
//!
//! * [`macro@main`]: turns a function that returns an entrypoint into the program.
//! * [`macro@Config`]: documents the keys of a struct of settings.

mod config;
mod entry;
mod serde_names;

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

/// Documents a struct of settings, so that `--help` and `--print-config` can.
///
/// ```ignore
/// use mainspring::{Config, config::{Address, Period}};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, Serialize, Deserialize, Config)]
/// #[serde(default, deny_unknown_fields)]
/// struct Settings {
///     /// How often the rates are read again.
///     refresh: Period,
///     /// The server.
///     #[config(nested)]
///     http: Http,
/// }
/// ```
///
/// The comment of a field is the documentation of its key. On a field, `#[config(nested)]` says that it is a struct
/// of settings itself. On the struct, `#[config(validate = path)]` names a function from `&Self` to
/// `Result<(), impl Display>` that checks what serde cannot. Serde's `rename`, `rename_all`, `default`, `skip` and
/// `flatten` are understood.
///
/// # Errors
///
/// It does not compile for what is no struct with named fields, for a generic struct, and for a name that differs
/// between reading and writing.
#[proc_macro_derive(Config, attributes(config))]
pub fn config(item: TokenStream) -> TokenStream {
    config::expand(item.into()).into()
}
