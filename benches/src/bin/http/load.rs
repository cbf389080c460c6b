use std::net::SocketAddr;

use mainspring_benches::load::{Plan, Request};

/// A way to load a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    request: Request,
    connections: usize,
    depth: usize,
    rate: Option<u32>,
}

pub(crate) const LOADS: [Load; 5] = [
    Load { name: "plain64", title: "`GET /`, 64 connections", ..PLAIN },
    Load { name: "plain512", title: "`GET /`, 512 connections", connections: 512, ..PLAIN },
    Load { name: "pipelined", title: "`GET /`, 16 pipelined on each of 64 connections", depth: 16, ..PLAIN },
    Load { name: "json", title: "`POST /json`, 1 KiB, 64 connections", request: Request::Json, ..PLAIN },
    Load {
        name: "rate",
        title: "`GET /` at a fixed rate of 20,000 per second, 64 connections",
        rate: Some(20_000),
        ..PLAIN
    },
];

const PLAIN: Load =
    Load { name: "", title: "", request: Request::Get, connections: 64, depth: 1, rate: None };

impl Load {
    pub(crate) fn plan(&self, address: SocketAddr) -> Plan {
        let Load { request, connections, depth, rate, .. } = *self;
        Plan { address, request, connections, depth, rate }
    }
}
