//! `GET /platform/v1/metrics`: the platform's metrics as OpenMetrics text; and those of one trunk as numbers.

use std::fmt::Write as _;

use super::{gather, overseen};
use crate::app::authenticate::Operator;
use crate::app::directory::Oversight;
use crate::app::http::{Request, Response};
use crate::app::page::check_names;
use crate::app::ports::Api;
use crate::domain::ids::{OrgId, TrunkId};
use crate::domain::refusal::Refusal;
use crate::domain::usage::Tally;
use crate::domain::vitals::{Counts, Vitals, VitalsAsked};

/// The most trunks in one response: some 5 MB.
pub(super) const MOST: usize = 2_000;
/// The most parts into which all trunks may be divided.
const MOST_SHARDS: u32 = 1_000;
pub(super) const SHARDS: &str = "shards must be a number from 1 to 1000";
pub(super) const SHARD: &str = "shard must be a number below shards";
pub(super) const TOO_MANY: &str =
    "There are more than 2000 trunks: request them in parts, with shard and shards";
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Trunk = ((OrgId, TrunkId), Vitals);

/// `GET /platform/v1/metrics`.
///
/// # Errors
/// A parameter that is unknown or has an invalid value; more trunks than a response may have; the operator's directory can't be
/// reached.
pub async fn metrics(api: &impl Api, _: Operator, request: &Request) -> Result<Response, Refusal> {
    let (shard, shards) = shard(request)?;
    let known = api
        .trunks()
        .await
        .map_err(|_| Refusal::DirectoryUnavailable)?;
    let is_in = |(_, id): &(OrgId, TrunkId)| id.tag().0 % shards == shard;
    let trunks: Vec<_> = known.into_iter().filter(is_in).collect();
    if trunks.len() > MOST {
        return Err(Refusal::Invalid(TOO_MANY.into()));
    }
    let told = gather(api, &trunks, VitalsAsked::Counts).await;
    let mut text = Text::default();
    trunks_text(&mut text, &told);
    depth_text(&mut text, &told);
    // One part tells about the platform.
    if shard == 0 {
        let oversight = overseen(api).await?;
        platform_text(&mut text, &oversight);
    }
    text.gauge(
        "audatec_trunks_unreachable",
        "",
        "Trunks of this response that could not be reached",
    );
    text.sample("", number(trunks.len() - told.len()));
    text.text.push_str("# EOF\n");
    Ok(Response {
        status: 200,
        headers: vec![("Content-Type", MEDIA_TYPE.into())],
        body: text.text.into_bytes(),
        rest: None,
    })
}

/// The part of the trunks that is requested.
fn shard(request: &Request) -> Result<(u32, u32), Refusal> {
    let given = request.parameters();
    check_names(&given, |name| matches!(name, "shard" | "shards"))?;
    let number = |name: &str, text: &'static str| {
        let mut found = given.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.parse::<u32>());
        value.transpose().map_err(|_| Refusal::Invalid(text.into()))
    };
    let shards = number("shards", SHARDS)?.unwrap_or(1);
    if !(1..=MOST_SHARDS).contains(&shards) {
        return Err(Refusal::Invalid(SHARDS.into()));
    }
    let shard = number("shard", SHARD)?.unwrap_or(0);
    match shard < shards {
        true => Ok((shard, shards)),
        false => Err(Refusal::Invalid(SHARD.into())),
    }
}

/// OpenMetrics text, family by family.
#[derive(Default)]
struct Text {
    text: String,
    /// The name of the present family's samples.
    name: String,
}

impl Text {
    fn counter(&mut self, name: &str, unit: &str, help: &str) {
        self.family(name, "counter", unit, help);
        self.name.push_str("_total");
    }

    fn gauge(&mut self, name: &str, unit: &str, help: &str) {
        self.family(name, "gauge", unit, help);
    }

    fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) {
        let _ = writeln!(self.text, "# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(self.text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.text, "# HELP {name} {help}");
        self.name = name.to_owned();
    }

    /// No value needs escaping: ids, and words from the code.
    fn sample(&mut self, labels: &str, value: u64) {
        let name = &self.name;
        let _ = match labels {
            "" => writeln!(self.text, "{name} {value}"),
            labels => writeln!(self.text, "{name}{{{labels}}} {value}"),
        };
    }

    /// A sample for each trunk that has a value.
    fn trunks(&mut self, told: &[Trunk], value: impl Fn(&Vitals) -> Option<u64>) {
        for (of, vitals) in told {
            if let Some(value) = value(vitals) {
                self.sample(&labels(of), value);
            }
        }
    }
}

fn labels((org, trunk): &(OrgId, TrunkId)) -> String {
    format!("org_id=\"{org}\",sip_trunk_id=\"{trunk}\"")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// How many calls ended in each way, except failures.
fn ends(tally: &Tally) -> [(&'static str, u64); 3] {
    [
        ("completed", tally.completed),
        ("declined", tally.declined),
        ("rejected", tally.rejected),
    ]
}

fn trunks_text(text: &mut Text, told: &[Trunk]) {
    let counted = |vitals: &Vitals| vitals.counts.as_deref().cloned();
    text.counter(
        "audatec_calls",
        "",
        "Finished calls, by how they ended; for those that failed, why",
    );
    for (of, vitals) in told {
        let Some(counts) = counted(vitals) else {
            continue;
        };
        for (status, count) in ends(&counts.over) {
            text.sample(&format!("{},status=\"{status}\"", labels(of)), count);
        }
        for (code, count) in &counts.over.failed {
            let labels = format!(
                "{},status=\"failed\",code=\"{}\"",
                labels(of),
                code.as_str()
            );
            text.sample(&labels, *count);
        }
    }
    text.counter(
        "audatec_calls_answered",
        "",
        "Finished calls that were answered",
    );
    text.trunks(told, |told| Some(counted(told)?.over.answered));
    text.counter(
        "audatec_talk_seconds",
        "seconds",
        "How long finished conversations lasted",
    );
    text.trunks(told, |told| Some(counted(told)?.over.talk_seconds));
    text.counter("audatec_callbacks", "", "Callbacks that were delivered, or given up; one that was given up and then sent again counts as both");
    for (of, vitals) in told {
        let Some(counts) = counted(vitals) else {
            continue;
        };
        for (result, count) in results(&counts) {
            text.sample(&format!("{},result=\"{result}\"", labels(of)), count);
        }
    }
}

/// How much work is waiting on the trunks.
fn depth_text(text: &mut Text, told: &[Trunk]) {
    text.gauge(
        "audatec_callbacks_pending",
        "",
        "Callbacks with an attempt under way or due",
    );
    text.trunks(told, |told| Some(told.counts.as_deref()?.pending));
    text.gauge("audatec_channels_in_use", "", "Calls that hold a channel");
    text.trunks(told, |told| Some(number(told.channels_in_use)));
    text.gauge(
        "audatec_channels_max",
        "",
        "How many calls may hold a channel",
    );
    text.trunks(told, |told| Some(u64::from(told.max_channels)));
    text.gauge("audatec_calls_waiting", "", "Calls that wait for a channel");
    text.trunks(told, |told| Some(number(told.waiting)));
    text.gauge(
        "audatec_storage_bytes",
        "bytes",
        "Storage that the trunk's calls take up",
    );
    text.trunks(told, |told| Some(told.storage_bytes));
    text.gauge("audatec_breaker_open", "", "1 while calls are refused or held back because the dialer or an agent fails call after call");
    text.trunks(told, |told| Some(is_open(told)));
    text.gauge(
        "audatec_oldest_unclaimed_call_timestamp_seconds",
        "seconds",
        "Since when the oldest call has been waiting for a dialer",
    );
    text.trunks(told, |told| Some(told.unclaimed_since?.as_secs()));
    text.gauge(
        "audatec_oldest_undelivered_callback_timestamp_seconds",
        "seconds",
        "Since when the oldest callback has been waiting for delivery",
    );
    text.trunks(told, |told| Some(told.undelivered_since?.as_secs()));
}

/// Callbacks delivered and given up. Neither number ever falls.
fn results(counts: &Counts) -> [(&'static str, u64); 2] {
    let over = &counts.over;
    [
        ("delivered", over.delivered),
        ("exhausted", over.exhausted + over.mended),
    ]
}

fn is_open(vitals: &Vitals) -> u64 {
    u64::from(vitals.open_until.is_some() || !vitals.held_back.is_empty())
}

fn platform_text(text: &mut Text, oversight: &Oversight) {
    text.gauge(
        "audatec_cron_last_run_timestamp_seconds",
        "seconds",
        "When the cron last ran",
    );
    if let Some(at) = oversight.cron_at {
        text.sample("", at.as_secs());
    }
    text.counter(
        "audatec_dead_letters",
        "",
        "Queue messages that failed repeatedly",
    );
    text.sample("", oversight.dead_letters);
    text.counter(
        "audatec_lost_alarms",
        "",
        "Objects that the cron found with work to do and no alarm",
    );
    text.sample("", oversight.lost_alarms);
    text.gauge("audatec_alerts_open", "", "Alerts that are open");
    text.sample("", number(oversight.alerts.0.len()));
}

/// The numbers of a trunk's data point, in the order in which `docs/operating.md` names them.
#[must_use]
pub fn numbers(vitals: &Vitals) -> Vec<f64> {
    let counts = vitals.counts.as_deref().cloned().unwrap_or_default();
    let failed = counts.over.failed.iter().map(|(_, count)| count).sum();
    let [(_, completed), (_, declined), (_, rejected)] = ends(&counts.over);
    let [(_, delivered), (_, exhausted)] = results(&counts);
    let all = [
        completed,
        declined,
        rejected,
        failed,
        counts.over.answered,
        counts.over.talk_seconds,
        delivered,
        exhausted,
        counts.pending,
        number(vitals.channels_in_use),
        u64::from(vitals.max_channels),
        number(vitals.waiting),
        vitals.storage_bytes,
        is_open(vitals),
        // Whether the first nine were counted.
        u64::from(vitals.counts.is_some()),
    ];
    all.map(|number| number as f64).to_vec()
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::json;

    use super::{SHARD, SHARDS, TOO_MANY};
    use crate::app::description::reference::filter;
    use crate::app::description::{Description, Success};
    use crate::domain::refusal::Refusal;

    pub fn metrics() -> Description {
        let whole = |minimum: u32, maximum: u32, default: u32| json!({"type": "integer", "minimum": minimum, "maximum": maximum, "default": default});
        Description::new(
            "Platform",
            "Get metrics",
            "Counters and gauges by organisation and trunk, as OpenMetrics text, for Prometheus and compatible tools. \
            Counters are computed from the calls themselves, so a restart does not reset them. A trunk whose calls \
            have not all been counted yet after a restart has no counters in this response; it has them in the next. A \
            response covers 2,000 trunks at most.",
            Success::text("The metrics.", "application/openmetrics-text", EXAMPLE),
        )
        .id("getMetrics")
        .query([
            filter("shard", "Only this part of the trunks, out of `shards`; the first part also covers the platform \
            itself.", whole(0, 999, 0)),
            filter("shards", "How many parts the trunks are divided into.", whole(1, 1_000, 1)),
        ])
        .refuses([
            Refusal::UnknownParameter("X".into()),
            Refusal::RepeatedParameter("X".into()),
            Refusal::Invalid(SHARDS.into()),
            Refusal::Invalid(SHARD.into()),
            Refusal::Invalid(TOO_MANY.into()),
            Refusal::DirectoryUnavailable,
        ])
    }

    const EXAMPLE: &str = "# TYPE audatec_dead_letters counter\n# HELP audatec_dead_letters Queue messages that failed repeatedly\n\
        audatec_dead_letters_total 0\n# EOF\n";
}
