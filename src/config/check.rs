//! What no setting can know by itself: which values do not go together, and which names were probably misspelt.

use std::collections::BTreeSet;

use systems::variants::MOST_VARIANTS;

use super::{
    fault::{ConfigFault, Origin},
    read::nearest,
    schema::{SETTINGS, Setting, Settings},
    sources::{FILE_VARIABLE, Sources},
};

/// Checks settings against each other.
pub(super) fn check_together(settings: &Settings, faults: &mut Vec<ConfigFault>, warnings: &mut Vec<String>) {
    let mut refuse = |message: String| faults.push(ConfigFault::Together(message));

    let ports = [
        ("PORT", settings.port, settings.origin("port")),
        ("WS_PORT", settings.ws_port, settings.origin("ws_port")),
        ("METRICS_PORT", settings.metrics_port, settings.origin("metrics_port")),
        ("HEALTH_PORT", settings.health_port, settings.origin("health_port")),
        ("RTMP_PORT", settings.rtmp_port, settings.origin("rtmp_port")),
    ];
    for (index, (name, port, origin)) in ports.iter().enumerate() {
        for (other_name, other_port, other_origin) in &ports[index + 1..] {
            if port == other_port && *port != 0 {
                refuse(format!(
                    "{name} ({origin}) and {other_name} ({other_origin}) are both `{port}`; each needs a port of its own"
                ));
            }
        }
    }
    if !settings.listen.is_loopback() && settings.api_token.is_none() {
        refuse(format!(
            "LISTEN ({}) is `{}`, which others can reach, but API_TOKEN is not set: whoever finds the port could steer \
             the stream; set API_TOKEN (`openssl rand -hex 32` makes one), or LISTEN to `127.0.0.1`",
            settings.origin("listen"),
            settings.listen
        ));
    }
    let lesser = [
        ("API_CONTROL_TOKEN", &settings.api_control_token, "api_control_token"),
        ("API_READ_TOKEN", &settings.api_read_token, "api_read_token"),
    ];
    for (index, (name, token, field)) in lesser.iter().enumerate() {
        let Some(token) = token else { continue };
        if settings.api_token.is_none() {
            refuse(format!(
                "{name} ({}) is set, but API_TOKEN is not: without it everybody may do everything; set API_TOKEN too",
                settings.origin(field)
            ));
        }
        let before = lesser[..index].iter().filter_map(|(name, other, _)| Some((*name, other.as_ref()?)));
        let all = settings.api_token.iter().map(|token| ("API_TOKEN", token)).chain(before);
        for (other, _) in all.filter(|(_, known)| *known == token) {
            refuse(format!("{name} and {other} are the same; each needs a token of its own, since it allows less"));
        }
    }
    for (index, rendition) in settings.stream_renditions.iter().enumerate() {
        if settings.stream_renditions[..index].iter().any(|other| other.name == rendition.name) {
            refuse(format!(
                "STREAM_RENDITIONS ({}) has `{}` twice; each size can be there once",
                settings.origin("stream_renditions"),
                rendition.name
            ));
        }
    }
    let named: BTreeSet<_> = settings.stream_renditions.iter().filter_map(|one| one.variant.as_ref()).collect();
    if named.len() >= MOST_VARIANTS {
        refuse(format!(
            "STREAM_RENDITIONS ({}) names {} variants; at most {} may be drawn besides the stream's own picture",
            settings.origin("stream_renditions"),
            named.len(),
            MOST_VARIANTS - 1
        ));
    }
    if settings.pipeline_pool_size <= settings.pipeline_max_queue_size {
        refuse(format!(
            "PIPELINE_POOL_SIZE ({}) is `{}`, but PIPELINE_MAX_QUEUE_SIZE ({}) is `{}`; the pool must be larger, since \
             a frame is drawn while others wait",
            settings.origin("pipeline_pool_size"),
            settings.pipeline_pool_size,
            settings.origin("pipeline_max_queue_size"),
            settings.pipeline_max_queue_size
        ));
    }
    let given: Vec<_> = settings.stream_url.iter().chain(&settings.muxer_outputs).collect();
    for (index, destination) in given.iter().enumerate() {
        if given[..index].iter().any(|before| before.is_same_place(destination)) {
            refuse(format!(
                "STREAM_URL and MUXER_OUTPUTS ({}) name `{destination}` more than once; two outputs would be in each \
                 other's way",
                settings.origin("muxer_outputs")
            ));
        }
    }
    let first = settings.stream_url.iter().map(|url| ("STREAM_URL", "stream_url", url));
    let more = settings.muxer_outputs.iter().map(|url| ("MUXER_OUTPUTS", "muxer_outputs", url));
    for (name, field, destination) in first.chain(more) {
        if let Err(why) = settings.codecs().fit(destination) {
            refuse(format!(
                "{name} ({}) has `{destination}`, but {why} (STREAM_CODEC and AUDIO_CODEC)",
                settings.origin(field)
            ));
        }
    }
    if settings.rtmp_ping_timeout <= settings.rtmp_ping {
        refuse(format!(
            "RTMP_PING_TIMEOUT ({}) is `{:?}`, but RTMP_PING ({}) is `{:?}`; the timeout must be longer than the time \
             between pings",
            settings.origin("rtmp_ping_timeout"),
            settings.rtmp_ping_timeout,
            settings.origin("rtmp_ping"),
            settings.rtmp_ping
        ));
    }
    let twitter = [
        ("TWITTER_API_KEY", settings.twitter_api_key.is_some()),
        ("TWITTER_API_SECRET", settings.twitter_api_secret.is_some()),
        ("TWITTER_ACCESS_TOKEN", settings.twitter_access_token.is_some()),
        ("TWITTER_ACCESS_TOKEN_SECRET", settings.twitter_access_token_secret.is_some()),
    ];
    let missing: Vec<&str> = twitter.iter().filter(|(_, set)| !set).map(|(name, _)| *name).collect();
    if !missing.is_empty() && missing.len() < twitter.len() {
        refuse(format!("{} must be set too: X (Twitter) needs all four keys, or none of them", missing.join(", ")));
    }

    if settings.redis_password.is_some() && settings.redis_url.is_none() {
        warnings.push("REDIS_PASSWORD is set, but REDIS_URL is not: no Redis server is used".to_owned());
    }
    // The bitrate can change while the service runs: no reason not to start.
    if let Some(least) = settings.stream_min_bitrate.filter(|least| *least >= settings.stream_bitrate) {
        warnings.push(format!(
            "STREAM_MIN_BITRATE ({}) is `{least}`, but STREAM_BITRATE ({}) is `{}`: the bitrate will follow no link that is \
             too slow, since it is never lowered below that; set STREAM_MIN_BITRATE to less",
            settings.origin("stream_min_bitrate"),
            settings.origin("stream_bitrate"),
            settings.stream_bitrate
        ));
    }
    if settings.api_token.is_none() && settings.allowed_origins.iter().any(|origin| origin == "*") {
        warnings.push(format!(
            "ALLOWED_ORIGINS ({}) is `*`, but API_TOKEN is not set: every web page that somebody on this machine looks at \
             can steer the stream; list the origins that may, or set API_TOKEN",
            settings.origin("allowed_origins")
        ));
    }
    let idle = SETTINGS.iter().filter(|setting| setting.later && settings.origin(setting.field) != Origin::Default);
    for setting in idle {
        warnings.push(format!("{} is set, but what it steers is not in this version yet", setting.variable));
    }
}

/// Variables that look like a setting's but for a letter or two.
pub(super) fn near_misses(sources: &Sources) -> Vec<String> {
    let in_dotenv: Vec<String> = sources
        .dotenv
        .iter()
        .flat_map(|(_, text)| dotenvy::from_read_iter(text.as_bytes()).flatten().map(|(name, _)| name))
        .collect();
    let names = sources.environment.iter().filter_map(|(name, _)| name.to_str());
    names
        .chain(in_dotenv.iter().map(String::as_str))
        .filter(|name| *name != FILE_VARIABLE && !SETTINGS.iter().any(|setting| setting.variable == *name))
        .filter_map(|name| {
            // Short names are near to too much that belongs to other programs.
            let long = |setting: &&Setting| setting.variable.len() >= 7;
            let known: Vec<String> = SETTINGS.iter().filter(long).map(|s| s.variable.to_lowercase()).collect();
            let meant = nearest(name, known.iter().map(String::as_str))?.to_uppercase();
            let distance = strsim::damerau_levenshtein(name, &meant);
            (distance <= 2).then(|| format!("{name} is set, but there is no such setting; did you mean {meant}?"))
        })
        .collect()
}
