//! Files that clients send, many at once, large ones, and in part.

use std::{
    collections::BTreeSet,
    io::{Cursor, Write as _},
    net::TcpStream,
    path::PathBuf,
};

use super::*;

/// A picture of noise, which does not get smaller by being packed.
fn png(side: u32, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let picture = image::RgbImage::from_fn(side, side, |_, _| image::Rgb([next(), next(), next()]));
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

fn put(service: &Service, id: &str, headers: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut all = vec![("content-type", "image/png")];
    all.extend(headers);
    service.send("PUT", &format!("/api/stream/assets/{id}"), &all, Some(file))
}

/// The files among the uploads, without their claims.
fn files(service: &Service) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(service.folder.path().join("uploads")) else { return Vec::new() };
    let is_file = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with(".claim-");
    folder.map(|entry| entry.unwrap().path()).filter(is_file).collect()
}

/// A client that has sent this much of a file, and is in no hurry with the rest.
fn begin(service: &Service, id: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(service.address).unwrap();
    write!(
        stream,
        "PUT /api/stream/assets/{id} HTTP/1.1\r\nhost: {}\r\ncontent-type: image/png\r\n\
         content-length: {}\r\n\r\n",
        service.address,
        bytes + 1
    )
    .unwrap();
    stream.write_all(&vec![7; bytes]).unwrap();
    stream
}

#[test]
fn the_same_file_sent_by_many_at_once_is_there_once() {
    let service = Service::start();
    for round in 0..4 {
        let (id, file) = (format!("same{round}"), png(200, round));
        let barrier = std::sync::Barrier::new(8);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let send = || {
                barrier.wait();
                put(&service, &id, &[], &file).status
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        // One of them made it.
        let made = statuses.iter().filter(|status| **status == 201).count();
        assert!(made == 1 && statuses.iter().all(|status| matches!(status, 200 | 201)), "{statuses:?}");
        assert_eq!(files(&service).len(), round as usize + 1);
    }
}

#[test]
fn an_asset_has_its_file_whoever_puts_and_removes_it_at_once() {
    let service = Service::start();
    let file = png(50, 1);
    std::thread::scope(|scope| {
        for putting in [true, true, false, false] {
            let (service, file) = (&service, &file);
            scope.spawn(move || {
                for _ in 0..15 {
                    let answer = if putting {
                        put(service, "race", &[], file)
                    } else {
                        service.send("DELETE", "/api/stream/assets/race", &[], None)
                    };
                    assert!(
                        matches!((putting, answer.status), (true, 200 | 201) | (false, 200 | 404)),
                        "{}",
                        answer.text()
                    );
                }
            });
        }
    });
    let last = put(&service, "race", &[], &file);
    assert!(matches!(last.status, 200 | 201), "{}", last.text());
    assert_eq!(files(&service).len(), 1);
    service.send("DELETE", "/api/stream/assets/race", &[], None).expect(200);
    assert_eq!(files(&service), Vec::<PathBuf>::new());
}

#[test]
fn files_come_in_on_the_disk_and_only_so_many_at_once() {
    let service = Service::start();
    let bytes = 4 << 20;
    let half_sent: Vec<TcpStream> = (0..8).map(|n| begin(&service, &format!("slow{n}"), bytes)).collect();
    // Without their markers.
    let parts = || files(&service).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "part"));
    let sizes = || -> Vec<u64> { parts().filter_map(|file| Some(file.metadata().ok()?.len())).collect() };
    wait_for("all of it to be on the disk", || sizes() == [bytes as u64; 8]);
    let refused = put(&service, "more", &[], &png(10, 1));
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(503);
    drop(half_sent);
    wait_for("what is not finished to be gone", || files(&service).is_empty());
    wait_for("room", || put(&service, "more", &[], &png(10, 1)).status == 201);
}

#[test]
fn a_large_file_is_sent_again_with_its_key() {
    let service = Service::start();
    let file = png(1000, 1);
    assert!(file.len() > 2 << 20, "larger than documents may be");
    let first = put(&service, "large", &[("idempotency-key", "k")], &file).expect(201);
    let again = put(&service, "large", &[("idempotency-key", "k")], &file).expect(201);
    assert_eq!((again.text(), again.header("idempotency-replayed")), (first.text(), "true"));
    put(&service, "large", &[("idempotency-key", "k")], &png(1000, 2)).problem(422);
    let delete = || service.send("DELETE", "/api/stream/assets/large", &[("idempotency-key", "d")], None);
    delete().expect(200);
    assert_eq!(delete().expect(200).header("idempotency-replayed"), "true");
}

#[test]
fn an_asset_that_has_changed_since_is_left_as_it_is() {
    let service = Service::start();
    let path = "/api/stream/assets/logo";
    let (one, other) = (png(10, 1), png(10, 2));
    put(&service, "logo", &[("if-match", "*")], &one).problem(404);
    let first = put(&service, "logo", &[("if-none-match", "*")], &one).expect(201);
    let tag = first.header("etag").to_owned();
    assert_eq!(service.get(path).expect(200).header("etag"), tag);
    let refused = put(&service, "logo", &[("if-none-match", "*")], &other);
    assert_eq!(refused.header("etag"), tag);
    refused.problem(412);
    put(&service, "logo", &[("if-match", "\"0\"")], &other).problem(412);
    service.send("DELETE", path, &[("if-match", "\"0\"")], None).problem(412);
    assert_eq!(files(&service).len(), 1, "what was refused is not kept");
    let second = put(&service, "logo", &[("if-match", &tag)], &other).expect(200);
    service.send("DELETE", path, &[("if-match", &tag)], None).problem(412);
    service.send("DELETE", path, &[("if-match", second.header("etag"))], None).expect(200);
}

#[test]
fn files_that_were_not_uploaded_stay_whatever_becomes_of_their_assets() {
    let service = Service::start();
    let folder = service.folder.path().join("uploads");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("far.png"), "mine").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.join("media")).unwrap();
    let mine = ["mine.png", "notes.txt", "sub/n.png", ".incoming-x.lock", "media/far.png"];
    for name in mine {
        std::fs::write(folder.join(name), "mine").unwrap();
        let path = format!("uploads/{name}");
        let put = json!({ "edits": [{ "op": "putAsset", "asset": { "id": "a", "type": "image", "path": path } }] });
        let put = service.json("POST", "/api/stream/layers/batch", &put);
        if matches!(put.status, 200 | 201) {
            let remove = json!({ "edits": [{ "op": "deleteAsset", "id": "a" }] });
            service.json("POST", "/api/stream/layers/batch", &remove).expect(200);
        }
        assert!(folder.join(name).exists(), "{name}");
    }
}

#[test]
fn a_file_stays_that_another_scene_names_in_another_way() {
    let service = Service::start();
    put(&service, "logo", &[], &png(10, 1)).expect(201);
    let file = files(&service).remove(0);
    let path = format!("./uploads/{}", file.file_name().unwrap().display());
    let second = json!({ "assets": [{ "id": "logo", "type": "image", "path": path }] });
    service.json("PUT", "/api/stream/scenes/second", &second);
    service.send("DELETE", "/api/stream/assets/logo", &[], None).expect(200);
    assert!(file.exists());
}

#[test]
fn a_batch_that_removes_an_asset_removes_its_file() {
    let service = Service::start();
    put(&service, "logo", &[], &png(10, 1)).expect(201);
    let remove = json!({ "edits": [{ "op": "deleteAsset", "id": "logo" }] });
    let mut dry = remove.clone();
    dry["dryRun"] = json!(true);
    service.json("POST", "/api/stream/layers/batch", &dry).expect(200);
    assert_eq!(files(&service).len(), 1);
    service.json("POST", "/api/stream/layers/batch", &remove).expect(200);
    assert_eq!(files(&service), Vec::<PathBuf>::new());
}

#[test]
fn a_scene_that_drops_an_asset_lets_go_of_its_file_and_of_no_other() {
    let service = Service::start();
    let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    let mine = service.folder.path().join("uploads/mine.png");
    std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
    std::fs::write(&mine, "mine").unwrap();
    let before = service.get("/api/stream/scenes/main").expect(200).value();
    put(&service, "logo", &[], &png(10, 1)).expect(201);
    put(&service, "other", &[], &png(10, 2)).expect(201);
    let with_both = service.get("/api/stream/scenes/main").expect(200).value();
    // A scene that waits needs one of them, and a scene file that may be played another time the other.
    let mut second = before.clone();
    second["assets"] = json!([with_both["assets"][0]]);
    service.json("PUT", "/api/stream/scenes/second", &second).expect(201);
    let show = service.folder.path().join("show.jsonc");
    std::fs::write(&show, format!("// {}", with_both["assets"][1]["path"])).unwrap();
    service.json("PUT", "/api/stream/scenes/main", &before).expect(200);
    let left = || files(&service).iter().map(name).filter(|name| name.ends_with(".png")).collect::<BTreeSet<_>>();
    assert_eq!(left().len(), 3, "{:?}", left());
    std::fs::remove_file(&show).unwrap();
    service.send("DELETE", "/api/stream/scenes/second", &[], None).expect(200);
    assert_eq!(left(), BTreeSet::from(["mine.png".to_owned()]));
    // A batch does the same.
    put(&service, "logo", &[], &png(10, 1)).expect(201);
    let load = json!({ "edits": [{ "op": "loadScene", "scene": before }] });
    service.json("POST", "/api/stream/layers/batch", &load).expect(200);
    assert_eq!(left(), BTreeSet::from(["mine.png".to_owned()]));
}
