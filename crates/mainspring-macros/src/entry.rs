use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, Ident, ItemFn, ReturnType, Signature, Type, spanned::Spanned};

/// Writes the program's `main`, or the errors that say why not.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) if is_function(&item) => return error.into_compile_error(),
        Err(_) => {
            let message = "#[mainspring::main] goes on a function: `fn main() -> Entrypoint { … }`";
            return Error::new_spanned(item, message).into_compile_error();
        }
    };
    match check(&arguments, &function.sig) {
        Ok(output) => program(&function, output),
        Err(error) => stand_in(&function.sig.ident, &error),
    }
}

fn program(function: &ItemFn, output: &Type) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    // What decides whether the function exists, and what describes it, belongs to the function others see.
    let (outer, inner): (Vec<_>, Vec<_>) =
        attrs.iter().partition(|attribute| ["cfg", "doc"].iter().any(|name| attribute.path().is_ident(name)));
    let name = &sig.ident;
    // A type that is no entrypoint is reported where it is written, so all of the call stands there.
    let mut call = name.clone();
    call.set_span(output.span());
    let launch = quote_spanned!(output.span()=> ::mainspring::launch(#call(), ::mainspring::log::Log::new()));
    quote! {
        #(#outer)*
        #vis fn #name() -> ::std::process::ExitCode {
            #(#inner)*
            #sig #block
            #launch
        }
    }
}

/// A program without `main` would draw a second error that hides the first.
fn stand_in(name: &Ident, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error fn #name() {})
}

/// Returns the type the function returns; all that is wrong is reported together.
fn check<'a>(arguments: &TokenStream, signature: &'a Signature) -> Result<&'a Type, Error> {
    let mut found = Findings(None);
    found.refuse(arguments, "#[mainspring::main] takes no arguments");
    found.refuse(&signature.constness, "main cannot be `const`: remove it");
    found.refuse(&signature.asyncness, "the entrypoint makes the runtime: remove `async`");
    found.refuse(&signature.abi, "main cannot have an ABI: remove `extern`");
    found.refuse(&signature.generics, "main takes no generics");
    found.refuse(&signature.inputs, "main takes no arguments");
    match (&signature.output, found.0) {
        (ReturnType::Type(_, output), None) => Ok(output),
        (ReturnType::Type(..), Some(error)) => Err(error),
        (ReturnType::Default, error) => {
            let missing =
                Error::new(signature.ident.span(), "return an Entrypoint: `fn main() -> Entrypoint`");
            Err(match error {
                Some(mut error) => {
                    error.combine(missing);
                    error
                }
                None => missing,
            })
        }
    }
}

struct Findings(Option<Error>);

impl Findings {
    /// Reports `part`, if there is any of it.
    fn refuse(&mut self, part: &impl ToTokens, message: &str) {
        let tokens = part.to_token_stream();
        if tokens.is_empty() {
            return;
        }
        let error = Error::new_spanned(tokens, message);
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }
}

/// Whether the item was meant as a function, so that the parser's own words help most.
fn is_function(item: &TokenStream) -> bool {
    item.clone().into_iter().any(|token| token.to_string() == "fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of all errors in an expansion.
    fn errors(arguments: TokenStream, item: TokenStream) -> Vec<String> {
        let text = expand(arguments, item).to_string();
        let after = text.split("compile_error ! {").skip(1);
        after.map(|rest| rest.split('"').nth(1).unwrap().to_owned()).collect()
    }

    fn assert_same(left: TokenStream, right: TokenStream) {
        assert_eq!(left.to_string(), right.to_string());
    }

    #[test]
    fn the_function_is_nested_and_launched() {
        let item = quote! {
            fn main() -> Entrypoint {
                Entrypoint::new("t")
            }
        };
        assert_same(
            expand(TokenStream::new(), item),
            quote! {
                fn main() -> ::std::process::ExitCode {
                    fn main() -> Entrypoint {
                        Entrypoint::new("t")
                    }
                    ::mainspring::launch(main(), ::mainspring::log::Log::new())
                }
            },
        );
    }

    #[test]
    fn a_result_is_launched_the_same_way() {
        let item = quote!(
            fn main() -> Result<Entrypoint, io::Error> {
                read()
            }
        );
        let text = expand(TokenStream::new(), item).to_string();
        assert!(text.contains("fn main () -> Result < Entrypoint , io :: Error > { read () }"), "{text}");
    }

    #[test]
    fn conditions_and_docs_stay_outside_and_lints_go_inside() {
        let item = quote! {
            #[cfg(unix)]
            #[expect(clippy::todo, reason = "a sketch")]
            pub fn main() -> Entrypoint { todo!() }
        };
        assert_same(
            expand(TokenStream::new(), item),
            quote! {
                #[cfg(unix)]
                pub fn main() -> ::std::process::ExitCode {
                    #[expect(clippy::todo, reason = "a sketch")]
                    fn main() -> Entrypoint { todo!() }
                    ::mainspring::launch(main(), ::mainspring::log::Log::new())
                }
            },
        );
    }

    #[test]
    fn async_is_refused() {
        let item = quote!(
            async fn main() -> Entrypoint {}
        );
        assert_eq!(errors(TokenStream::new(), item), ["the entrypoint makes the runtime: remove `async`"]);
    }

    #[test]
    fn arguments_are_refused() {
        let item = quote!(
            fn main(args: Vec<String>) -> Entrypoint {}
        );
        assert_eq!(errors(TokenStream::new(), item), ["main takes no arguments"]);
    }

    #[test]
    fn a_missing_return_type_is_refused() {
        let item = quote!(
            fn main() {}
        );
        assert_eq!(errors(TokenStream::new(), item), ["return an Entrypoint: `fn main() -> Entrypoint`"]);
    }

    #[test]
    fn arguments_of_the_attribute_are_refused() {
        let item = quote!(
            fn main() -> Entrypoint {}
        );
        assert_eq!(errors(quote!(workers = 2), item), ["#[mainspring::main] takes no arguments"]);
    }

    #[test]
    fn generics_are_refused() {
        let item = quote!(
            fn main<T>() -> Entrypoint
            where
                T: Copy,
            {
            }
        );
        assert_eq!(errors(TokenStream::new(), item), ["main takes no generics"]);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let item = quote!(
            async fn main(x: u8) {}
        );
        assert_eq!(errors(quote!(x), item).len(), 4);
    }

    #[test]
    fn what_is_no_function_is_refused() {
        let found = errors(
            TokenStream::new(),
            quote!(
                struct Main;
            ),
        );
        assert_eq!(found, ["#[mainspring::main] goes on a function: `fn main() -> Entrypoint { … }`"]);
    }

    #[test]
    fn a_program_with_an_error_still_has_its_main() {
        let text = expand(
            TokenStream::new(),
            quote!(
                fn main() {}
            ),
        )
        .to_string();
        assert!(text.ends_with("fn main () { }"), "{text}");
    }
}
