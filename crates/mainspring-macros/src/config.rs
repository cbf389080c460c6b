use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Field, Fields, LitStr, Path, Result, Token, Type};

use crate::serde_names::{Names, Rename};

/// Writes the implementation of `Config`, or the errors that say why not.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    syn::parse2(item).and_then(|input| implementation(&input)).unwrap_or_else(Error::into_compile_error)
}

fn implementation(input: &DeriveInput) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    let struct_attributes = StructAttributes::read(&input.attrs)?;
    let names = Names::read(&input.attrs)?;
    let home = &struct_attributes.home;
    let mut parts = Vec::new();
    for field in fields {
        if let Some(part) = Part::read(field, &names)? {
            parts.push(part);
        }
    }
    let adds = parts.iter().map(|part| part.add(home));
    let checks = parts.iter().filter_map(|part| part.check(home));
    let own = struct_attributes.validate.map(|validate| {
        quote! {
            if let ::core::result::Result::Err(error) = #validate(self) {
                invalid.push(#home::Invalid::new(error));
            }
        }
    });
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #home::Config for #name {
            fn fields() -> ::std::vec::Vec<#home::Field> {
                let mut fields = ::std::vec::Vec::new();
                #(#adds)*
                fields
            }

            fn invalid(&self) -> ::std::vec::Vec<#home::Invalid> {
                let mut invalid = ::std::vec::Vec::new();
                #own
                #(#checks)*
                invalid
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>> {
    let refuse = |message| Err(Error::new(input.ident.span(), message));
    if !input.generics.params.is_empty() {
        return refuse("settings take no generics");
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            _ => refuse("settings are a struct with named fields: each name is a key"),
        },
        _ => refuse("settings are a struct with named fields: each name is a key"),
    }
}

/// `#[config(…)]` on the struct.
struct StructAttributes {
    home: Path,
    validate: Option<Path>,
}

impl StructAttributes {
    fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = StructAttributes { home: syn::parse_quote!(::mainspring::config), validate: None };
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    read.home = meta.value()?.parse::<LitStr>()?.parse()?;
                } else if meta.path.is_ident("validate") {
                    read.validate = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error("expected `validate = path` or `crate = \"path\"`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// One field that is a key, or more than one.
struct Part<'a> {
    field: &'a Field,
    key: String,
    doc: String,
    nested: bool,
    flat: bool,
    required: bool,
}

impl<'a> Part<'a> {
    /// `None` when the field is no setting.
    fn read(field: &'a Field, names: &Names) -> Result<Option<Self>> {
        let rename = Rename::read(&field.attrs)?;
        if rename.skipped {
            return Ok(None);
        }
        let ident = field.ident.as_ref().expect("the fields are named").to_string();
        let optional = last_segment(&field.ty).is_some_and(|name| name == "Option");
        Ok(Some(Part {
            field,
            key: rename.name.unwrap_or_else(|| names.key(ident.trim_start_matches("r#"))),
            doc: doc(&field.attrs),
            nested: nested(&field.attrs)?,
            flat: rename.flat,
            required: !(names.defaults || rename.defaults || optional),
        }))
    }

    /// Adds the field to the description of the struct.
    fn add(&self, home: &Path) -> TokenStream {
        let Part { key, doc, .. } = self;
        let kind = &self.field.ty;
        match (self.nested, self.flat) {
            (true, true) => quote!(fields.extend(<#kind as #home::Config>::fields());),
            (false, true) => quote!(fields.push(#home::Field::rest());),
            (true, false) => {
                let required = self.required.then(|| quote!(.required()));
                quote!(fields.push(#home::Field::table(#key, #doc, <#kind as #home::Config>::fields()) #required);)
            }
            (false, false) => {
                let required = self.required.then(|| quote!(.required()));
                quote!(fields.push(#home::Field::value(#key, #doc, ::core::stringify!(#kind)) #required);)
            }
        }
    }

    /// Asks a nested struct what is wrong with it.
    fn check(&self, home: &Path) -> Option<TokenStream> {
        let (Part { key, .. }, name) = (self, &self.field.ident);
        let wrong = quote!(#home::Config::invalid(&self.#name));
        match (self.nested, self.flat) {
            (false, _) => None,
            (true, true) => Some(quote!(invalid.extend(#wrong);)),
            (true, false) => Some(quote!(invalid.extend(#wrong.into_iter().map(|wrong| wrong.under(#key)));)),
        }
    }
}

fn nested(attributes: &[Attribute]) -> Result<bool> {
    let mut nested = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("nested") {
                return Err(meta.error("expected `nested`"));
            }
            nested = true;
            Ok(())
        })?;
    }
    Ok(nested)
}

/// The documentation comment as it reads, without the blank before each line.
fn doc(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let value = &attribute.meta.require_name_value().ok()?.value;
        let Expr::Lit(literal) = value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        let text = text.value();
        Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned())
    };
    let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    docs.filter_map(line).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn last_segment(kind: &Type) -> Option<String> {
    let Type::Path(path) = kind else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// Passes over the value of an attribute that means nothing here.
pub(crate) fn pass_over(meta: &syn::meta::ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(item: TokenStream) -> String {
        expand(item).to_string()
    }

    #[test]
    fn a_key_has_its_name_its_documentation_and_its_type() {
        let item = quote! {
            #[serde(default)]
            struct Http {
                /// Where it listens.
                ///
                /// Port 0 is any.
                address: Address,
            }
        };
        let wanted = r#"Field :: value ("address" , "Where it listens.\n\nPort 0 is any." , :: core :: stringify ! (Address))"#;
        assert!(text(item.clone()).contains(wanted), "{}", text(item));
    }

    #[test]
    fn only_a_key_without_any_default_is_required() {
        let required = |item| text(item).matches("required").count();
        assert_eq!(
            required(quote!(
                struct A {
                    a: u8,
                    b: Option<u8>,
                    #[serde(default)]
                    c: u8,
                }
            )),
            1
        );
        assert_eq!(
            required(quote!(
                #[serde(default)]
                struct A {
                    a: u8,
                }
            )),
            0
        );
    }

    #[test]
    fn a_key_is_renamed_as_serde_renames_it() {
        let item = quote! {
            #[serde(rename_all = "kebab-case", deny_unknown_fields)]
            struct A { idle_timeout: u8, #[serde(rename = "type")] kind: u8, #[serde(skip)] none: u8 }
        };
        let text = text(item);
        assert!(
            text.contains("\"idle-timeout\"") && text.contains("\"type\"") && !text.contains("none"),
            "{text}"
        );
    }

    #[test]
    fn a_flattened_table_gives_its_keys_to_the_one_around_it() {
        let text = text(quote!(
            struct A {
                #[serde(flatten)]
                #[config(nested)]
                b: B,
                #[serde(flatten)]
                c: C,
            }
        ));
        assert!(text.contains("fields . extend") && text.contains("Field :: rest"), "{text}");
    }

    #[test]
    fn what_has_no_keys_is_refused() {
        for item in [
            quote!(
                enum A {
                    B,
                }
            ),
            quote!(
                struct A(u8);
            ),
            quote!(
                struct A<T> {
                    t: T,
                }
            ),
        ] {
            assert!(text(item).contains("compile_error"));
        }
    }

    #[test]
    fn an_unknown_attribute_is_refused() {
        let text = text(quote!(
            struct A {
                #[config(nest)]
                b: B,
            }
        ));
        assert!(text.contains("expected `nested`"), "{text}");
    }
}
