/// Implements what all services over sockets have: the builders of the name and of the settings, and `Debug`.
///
/// The settings keep the place where the service was made.
macro_rules! builders {
    (
        $service:ident<$($parameter:ident),+>, $name:literal, shows $shown:ident,
        $(#[doc = $says:literal])+ $settings:ident: $kind:ty
    ) => {
        impl<$($parameter),+> $service<$($parameter),+> {
            #[doc = concat!("The name of the service. Default: `", $name, "`.")]
            #[must_use]
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = name.into();
                self
            }

            $(#[doc = $says])+
            #[must_use]
            pub fn $settings(mut self, $settings: $kind) -> Self {
                let place = self.$settings.place;
                self.$settings = $settings;
                self.$settings.place = place;
                self
            }
        }

        impl<$($parameter),+> std::fmt::Debug for $service<$($parameter),+> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($service))
                    .field("name", &self.name)
                    .field(stringify!($shown), &self.$shown)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use builders;
