//! Previews over WebSocket.

use serde_json::json;

use super::{websocket::Client, *};

/// What a picture's message says, and the picture.
struct Picture {
    id: u16,
    tick: u64,
    jpeg: Vec<u8>,
    pixels: image::RgbImage,
}

fn read(message: &[u8]) -> Picture {
    let number = |from: usize, to: usize| message[from..to].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    assert_eq!(&message[..2], [1, 0]);
    let jpeg = message[16..].to_vec();
    let pixels = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!((number(4, 6), number(6, 8)), (u64::from(pixels.width()), u64::from(pixels.height())));
    Picture { id: u16::try_from(number(2, 4)).unwrap(), tick: number(8, 16), jpeg, pixels }
}

/// Peak signal-to-noise ratio in decibels.
fn psnr(a: &image::RgbImage, b: &image::RgbImage) -> f64 {
    let squares = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / f64::from(u32::try_from(a.as_raw().len()).unwrap());
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

/// Pictures that were made so far.
fn made(service: &Service) -> u64 {
    let metrics = service.get("/metrics").expect(200).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("preview_seconds_count ")).unwrap();
    line.parse().unwrap()
}

/// What those who make them have done.
fn working(service: &Service) -> Vec<String> {
    let metrics = service.get("/metrics").expect(200).text();
    let of_previews =
        |line: &&str| line.contains("class=\"preview\"") || line.starts_with("preview_worker_tasks_total{");
    metrics.lines().filter(of_previews).filter(|line| !line.contains("seconds")).map(str::to_owned).collect()
}

/// A scene of soft colours: what JPEG does to hard edges is not what is looked for.
fn soften(service: &Service) {
    let gradient = json!({ "type": "gradient", "color": null, "gradient": { "type": "linear", "angle": 30, "stops": [
        { "offset": 0, "color": "#c81e28" }, { "offset": 0.5, "color": "#28c8b4" }, { "offset": 1, "color": "#1e3cf0" }
    ] } });
    service.json("PATCH", "/stream/layers/background", &json!({ "content": gradient })).expect(200);
}

#[test]
fn one_address_begins_half_of_the_previews_and_watches_what_others_began() {
    use crate::control::preview::{Look, Studio};
    let service = Service::start();
    let studio = Studio::new(service.engine.clone(), Arc::new(Metrics::new()), 1);
    let watch =
        |width: u16, host: u8| studio.watch(Look { width, quality: 70, variant: None }, 1.0, [192, 0, 2, host].into());
    let viewers: Vec<_> = (16..16 + 32).map(|width| watch(width, 1).unwrap()).collect();
    assert!(watch(100, 1).is_err(), "the address has its half");
    let other = watch(100, 2).unwrap();
    let again = watch(100, 1).unwrap();
    let rest: Vec<_> = (200..200 + 31).map(|width| watch(width, 2).unwrap()).collect();
    assert!(watch(300, 3).is_err(), "there are as many as may be");
    drop(viewers);
    watch(100, 3).unwrap();
    watch(300, 1).unwrap();
    drop((other, again, rest));
}

#[test]
fn a_preview_is_the_program_s_picture_and_comes_when_that_changes() {
    let service = Service::start();
    soften(&service);
    let mut client = service.runtime.block_on(Client::connect_with(service.address, "?topics="));
    let ask = json!({ "type": "preview", "id": 7, "width": 64, "quality": 95, "fps": 60 });
    let answer = service.runtime.block_on(client.ask(ask));
    assert_eq!(
        answer,
        json!({ "type": "previewing", "requestId": "preview-0", "id": 7, "width": 64, "height": 36, "quality": 95,
            "fps": 60.0 })
    );
    let picture = read(&service.runtime.block_on(client.picture()));
    assert_eq!(picture.id, 7);
    let program = image::load_from_memory(&service.get("/stream/frame").body).unwrap().to_rgb8();
    let likeness = psnr(&picture.pixels, &program);
    assert!(likeness > 32.0, "{likeness} dB");

    // Nothing more comes until something changes; then what has changed.
    let edited = service.json("PATCH", "/stream/layers/box", &json!({ "opacity": 1 })).expect(200);
    let picture = read(&service.runtime.block_on(client.picture()));
    assert!(picture.tick >= edited.tick());
    let green = picture.pixels.get_pixel(4, 4).0;
    assert!(green[1] > 230 && green[0] < 30 && green[2] < 30, "{green:?}");
    assert_eq!(made(&service), 2);
    let expected = [
        "worker_tasks_total{class=\"preview\"} 2",
        "worker_panics_total{class=\"preview\"} 0",
        "worker_queue{class=\"preview\"} 0",
        "worker_threads{class=\"preview\"} 1",
        "preview_worker_tasks_total{worker=\"0\"} 2",
    ];
    assert_eq!(working(&service), expected);

    // Another size takes its place.
    let other = json!({ "type": "preview", "id": 7, "width": 33, "quality": 95 });
    let answer = service.runtime.block_on(client.ask(other));
    assert_eq!((&answer["width"], &answer["height"]), (&json!(32), &json!(18)));
    let picture = read(&service.runtime.block_on(client.picture()));
    assert_eq!(picture.pixels.dimensions(), (32, 18));
    let ended = service.runtime.block_on(client.ask(json!({ "type": "endPreview", "id": 7 })));
    assert_eq!(ended["type"], "previewEnded");
    let before = made(&service);
    service.json("PATCH", "/stream/layers/box", &json!({ "opacity": 0.5 })).expect(200);
    let frames = service.engine.stats().frames;
    wait_for("some frames", || service.engine.stats().frames > frames + 10);
    assert_eq!(made(&service), before, "nobody watches");
    assert!(client.pictures.is_empty());
}

#[test]
fn viewers_who_ask_for_the_same_get_the_same_file() {
    let service = Service::start();
    let ask = |id: u16| json!({ "type": "preview", "id": id, "width": 48 });
    let mut clients: Vec<_> =
        (0..3).map(|_| service.runtime.block_on(Client::connect_with(service.address, "?topics="))).collect();
    for round in 0..5_u32 {
        let pictures: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                if round == 0 {
                    service.runtime.block_on(client.ask(ask(1)));
                }
                read(&service.runtime.block_on(client.picture()))
            })
            .collect();
        assert!(pictures.windows(2).all(|two| two[0].jpeg == two[1].jpeg), "round {round}");
        assert_eq!(made(&service), u64::from(round) + 1);
        // All must have asked for the next one before it comes: a client that is late would ask for one of its own.
        let frames = service.engine.stats().frames;
        wait_for("the next picture to be due", || service.engine.stats().frames > frames + 8);
        let opacity = f64::from(round) / 8.0;
        service.json("PATCH", "/stream/layers/box", &json!({ "opacity": opacity })).expect(200);
    }
    // There is an end to how many one may watch.
    for id in 2..5 {
        assert_eq!(service.runtime.block_on(clients[0].ask(ask(id)))["type"], "previewing");
    }
    assert_eq!(service.runtime.block_on(clients[0].ask(ask(5)))["status"], 409);
}

#[test]
fn a_viewer_that_stalls_costs_nothing() {
    let service = Service::start();
    // Something that moves all the time.
    let moving = json!({ "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 0.5,
        "repeat": "forever", "pingPong": true }] });
    service.json("PATCH", "/stream/layers/box", &moving).expect(200);
    let mut stalled = service.runtime.block_on(Client::connect_with(service.address, "?topics=events"));
    let ask = json!({ "type": "preview", "width": 64, "fps": 60 });
    service.runtime.block_on(stalled.ask(ask));
    service.runtime.block_on(stalled.picture());
    // More than the system buffers for it, so that the service waits for it to take it.
    let message = "x".repeat(1 << 20);
    for _ in 0..64 {
        service.engine.announce(crate::engine::StreamEvent::Error { message: message.clone() });
    }
    let mut last = made(&service);
    wait_for("pictures to be made no more", || {
        let frames = service.engine.stats().frames;
        wait_for("some frames", || service.engine.stats().frames > frames + 20);
        std::mem::replace(&mut last, made(&service)) == last
    });
    // It goes on when it reads again, with what there is then.
    let now = service.engine.stats().tick;
    let picture = service.runtime.block_on(async {
        loop {
            let picture = read(&stalled.picture().await);
            if picture.tick >= now {
                break picture;
            }
        }
    });
    assert_eq!(picture.id, 0);
}
