use super::*;

#[test]
fn the_picture_comes_in_every_format_and_width() {
    let service = Service::start();
    for (query, media_type, size) in [
        ("", "image/png", (64, 36)),
        ("?format=png", "image/png", (64, 36)),
        ("?format=jpeg&width=32", "image/jpeg", (32, 18)),
        ("?format=webp&width=16", "image/webp", (16, 9)),
        ("?width=1", "image/png", (1, 1)),
        ("?width=128", "image/png", (128, 72)),
    ] {
        let answer = service.get(&format!("/api/stream/frame{query}")).expect(200);
        assert_eq!(answer.header("content-type"), media_type);
        assert!(answer.tick() > 0);
        let picture = image::load_from_memory(&answer.body).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), size, "{query}");
        // The bottom right corner shows the background alone.
        let corner = picture.get_pixel(size.0 - 1, size.1 - 1).0;
        let expected = [0xc8, 0x1e, 0x28];
        let close = corner.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 40);
        assert!(size.0 == 1 || close, "{query}: {corner:?}");
    }
}

#[test]
fn a_picture_that_would_be_too_tall_is_told_with_its_size() {
    let service = Service::start();
    service.json("PATCH", "/api/config", &json!({ "stream_resolution": "16x2160" })).expect(200);
    wait_for("the tall picture", || service.engine.format().height == 2160);
    let problem = service.get("/api/stream/frame?width=500&format=jpeg").problem(400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("500x67500") && detail.contains("3840"), "{detail}");
    for (query, size) in [("?width=28", (28, 3780)), ("?width=8", (8, 1080)), ("", (16, 2160))] {
        let answer = service.get(&format!("/api/stream/frame{query}")).expect(200);
        assert_eq!(image::load_from_memory(&answer.body).unwrap().to_rgb8().dimensions(), size);
    }
}

#[test]
fn frame_queries_that_make_no_sense_are_told() {
    let service = Service::start();
    for (query, hint) in [
        ("format=gif", "`png`, `jpeg` or `webp`"),
        ("width=0", "pixels from 1 to 3840"),
        ("width=4000", "pixels from 1 to 3840"),
        ("width=wide", "pixels from 1 to 3840"),
        ("widht=10", "did you mean `width`?"),
    ] {
        let problem = service.get(&format!("/stream/frame?{query}")).problem(400);
        assert!(problem["detail"].as_str().unwrap().contains(hint), "{problem}");
    }
}
