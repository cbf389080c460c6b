use std::io::{self, Write};

use mainspring_benches::servers::Server;

use crate::load::Load;
use crate::options::Options;
use crate::round::{IDLE, Sample, median, undisturbed};

pub(crate) fn configurations(out: &mut impl Write, servers: &[&Server]) -> io::Result<()> {
    writeln!(out, "| server | configuration |\n|---|---|")?;
    servers.iter().try_for_each(|server| writeln!(out, "| {} | {} |", server.name, server.configuration))?;
    writeln!(out)
}

/// The medians of a load, the least processor time first.
pub(crate) fn figures(
    out: &mut impl Write,
    load: &Load,
    options: &Options,
    samples: &[Vec<Sample>],
) -> io::Result<()> {
    let mut calm = true;
    let mut rows = Vec::new();
    for (server, samples) in options.servers.iter().zip(samples) {
        let (samples, undisturbed) = undisturbed(samples);
        calm &= undisturbed;
        rows.push((median(&samples, |sample| sample.user + sample.system), server.name, samples));
    }
    rows.sort_by(|left, right| left.0.total_cmp(&right.0));
    let noise = if calm { "" } else { "; the machine was not quiet" };
    writeln!(out, "**{}** (medians of {} rounds{noise})\n", load.title, options.rounds)?;
    writeln!(out, "| server | µs of CPU per request | user | system | requests/s | p50, µs | p99, µs |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---:|")?;
    for (total, name, samples) in rows {
        let [user, system] = [median(&samples, |s| s.user), median(&samples, |s| s.system)];
        let (rate, half, late) =
            (median(&samples, |s| s.rate), median(&samples, |s| s.median), median(&samples, |s| s.late));
        let rate = grouped(rate);
        writeln!(out, "| {name} | {total:.2} | {user:.2} | {system:.2} | {rate} | {half:.0} | {late:.0} |")?;
    }
    writeln!(out)
}

pub(crate) fn idle(out: &mut impl Write, options: &Options, figures: &[f64]) -> io::Result<()> {
    let mut rows: Vec<_> = options.servers.iter().zip(figures).collect();
    rows.sort_by(|left, right| left.1.total_cmp(right.1));
    writeln!(out, "**Memory of an idle connection** (resident, {} connections)\n", grouped(IDLE as f64))?;
    writeln!(out, "| server | bytes |\n|---|---:|")?;
    rows.iter()
        .try_for_each(|(server, bytes)| writeln!(out, "| {} | {} |", server.name, grouped(**bytes)))?;
    writeln!(out)
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8(groups.join(&b',')).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_grouped_by_three() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0.0, 999.2, 999.7, 12_345_678.0].map(grouped).each_ref().map(|s| &**s)
        );
    }
}
