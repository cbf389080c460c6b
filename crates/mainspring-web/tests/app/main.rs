//! The application as its users see it: routes, nesting, names, its life; over real sockets.

mod hosts;
mod interop;
mod life;
mod limits;
mod methods;
mod middlewares;
mod nested;
mod patterns;
mod server;
mod slashes;
mod urls;
