//! Text against an independent renderer: Chromium, which has its own line breaking, its own rules for directions, and
//! HarfBuzz. The same font files are used by both.
//!
//! Both smooth edges in their own way, so pixels are not compared one by one. Of each line it is compared how the ink is
//! spread over the columns; of each text, what is left once both are blurred a little.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use image::GrayImage;
use serde_json::{Value, json};

use crate::{
    drawing::{DEADLINE, draw},
    installed, text,
};

const WIDTH: usize = 320;
const HEIGHT: usize = 110;
const COLUMNS: usize = 4;
const LINE_HEIGHT: f64 = 1.25;

/// How far the ink of a line may be from where it is in Chromium, in pixels and on average; 1.0 was measured.
const MOVED: f64 = 1.5;
/// How much of the ink of a text may be elsewhere once both are blurred; 15 % were measured, mostly 3 %.
const CHANGED: f64 = 0.2;
/// How much more or less ink there may be; 6 % were measured.
const MORE: f64 = 0.12;

/// A text that both set: its name, its words, and what else is said of it.
struct Case(&'static str, &'static str, Value);

fn cases() -> Vec<Case> {
    let dejavu = |size: i32| json!({ "family": "DejaVu Sans", "size": size });
    let inter = |size: i32| json!({ "family": "Inter", "size": size });
    let span =
        |words: &str, size: i32, weight: i32| json!({ "text": words, "font": { "size": size, "weight": weight } });
    let (bidi, rtl) = ("12.5 ABC بالعالم ١٢٣ טוב מאוד", "מאוד שלום טוב 12.5 עולם");
    vec![
        Case("Latin", "Office AVATAR, Tokyo 1/2", json!({ "font": inter(24) })),
        Case("Greek and Cyrillic", "Ελληνικά, Привет мир!", json!({ "font": inter(24) })),
        Case("marks", "naïve e\u{301}clair Größe", json!({ "font": dejavu(22) })),
        Case("Hebrew and marks of Inter", "עולם! (שלום), \"דה\"?", json!({ "font": inter(24) })),
        Case("Arabic and marks of Inter", "مرحبا. (عالم)؟", json!({ "font": inter(24) })),
        Case("both directions", "ABC אב (1.2-3) ג, \"דה\" xyz!", json!({ "font": inter(20) })),
        Case("numbers in Arabic", "السلام ١٢٣ عليكم 12.5%", json!({ "font": dejavu(22) })),
        Case("a bold half", "של", json!({ "font": dejavu(30), "spans": [span("ום!", 30, 700)] })),
        Case("a bold half of Arabic", "مرحبا ", json!({ "font": dejavu(30), "spans": [span("بالعالم.", 30, 700)] })),
        Case(
            "sizes on one line",
            "small ",
            json!({ "font": inter(16), "spans": [span("big", 40, 400), span(" end", 16, 700)] }),
        ),
        Case("wrapped", "the quick brown fox jumps over it", json!({ "font": inter(20), "width": 180 })),
        Case(
            "centred",
            "the quick brown fox jumps over it",
            json!({ "font": inter(20), "width": 180, "align": "center" }),
        ),
        Case(
            "justified",
            "the quick brown fox jumps over it",
            json!({ "font": inter(20), "width": 180, "align": "justify" }),
        ),
        Case("wrapped at a change of direction", "שלום xyz! עולם", json!({ "font": dejavu(20), "width": 85 })),
        Case("wrapped from the right", rtl, json!({ "font": dejavu(22), "width": 180, "align": "end" })),
        Case(
            "justified from the right",
            "מאוד אבג ABC אבג xyz שלום",
            json!({ "font": dejavu(18), "width": 130, "align": "justify" }),
        ),
        Case("wrapped in both directions", bidi, json!({ "font": dejavu(22), "width": 240 })),
        Case("set apart", "Set apart, VA", json!({ "font": inter(22), "letterSpacing": 4 })),
        Case("set apart from the right", "שלום, עולם", json!({ "font": dejavu(22), "letterSpacing": 4, "width": 300 })),
        Case(
            "far apart lines",
            "first line\nאחרת!\nthird",
            json!({ "font": dejavu(18), "lineHeight": 1.8, "width": 200, "align": "end" }),
        ),
        Case(
            "line separators",
            "justified words\u{2028}\u{2028}in lines of their own, however long",
            json!({ "font": inter(18), "width": 200, "align": "justify" }),
        ),
        Case("tabulators", "a\tbcd\tefghijkl\tm\n\tx", json!({ "font": inter(16) })),
        Case("tabulators in lines", "one\ttwo three\tfour five\tsix", json!({ "font": inter(16), "width": 190 })),
        Case("tabulators from the right", "אבג\tדה\tוזחט\tx", json!({ "font": dejavu(16), "width": 300 })),
        Case("tabulators set apart", "ab\tcd\te", json!({ "font": inter(16), "letterSpacing": 3 })),
        Case(
            "no-break spaces justified",
            "the\u{a0}quick brown\u{a0}fox jumps over it",
            json!({ "font": inter(20), "width": 190, "align": "justify" }),
        ),
        Case(
            "no-break spaces at the end",
            "a line\u{a0}\u{a0}\nand another one\u{a0}",
            json!({ "font": inter(20), "width": 200, "align": "end" }),
        ),
        Case(
            "soft hyphens",
            "Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrts\u{ad}gesell\u{ad}schaft",
            json!({ "font": inter(20), "width": 150 }),
        ),
        Case(
            "soft hyphens at the end",
            "ver\u{ad}öffent\u{ad}lichte Aus\u{ad}gaben",
            json!({ "font": inter(20), "width": 120, "align": "end" }),
        ),
        Case("soft hyphens from the right", "مرحبا بال\u{ad}عالم", json!({ "font": dejavu(22), "width": 110 })),
        Case("a word that is too long", "an unbreakableandverylongword", json!({ "font": inter(22), "width": 120 })),
    ]
}

impl Case {
    fn content(&self) -> Value {
        let mut content = json!({ "lineHeight": LINE_HEIGHT, "width": WIDTH });
        content.as_object_mut().unwrap().extend(self.2.as_object().unwrap().clone());
        content
    }

    /// The same in HTML and CSS.
    fn html(&self, (left, top): (usize, usize)) -> String {
        let content = self.content();
        let font = |font: &Value| {
            let mut style = String::new();
            if let Some(family) = font["family"].as_str() {
                // The families that stand in for it.
                write!(style, "font-family:'{family}','Noto Sans Hebrew','Noto Sans Arabic';").unwrap();
            }
            for (key, property, unit) in [("size", "font-size", "px"), ("weight", "font-weight", "")] {
                if !font[key].is_null() {
                    write!(style, "{property}:{}{unit};", font[key]).unwrap();
                }
            }
            style
        };
        let mut style = font(&content["font"]);
        for (key, property, unit) in
            [("width", "width", "px"), ("lineHeight", "line-height", ""), ("letterSpacing", "letter-spacing", "px")]
        {
            if !content[key].is_null() {
                write!(style, "{property}:{}{unit};", content[key]).unwrap();
            }
        }
        let align = content["align"].as_str().unwrap_or("start");
        let spans = content["spans"].as_array().map_or(&[][..], Vec::as_slice).iter();
        let spans = spans
            .map(|span| format!("<span style=\"{}\">{}</span>", font(&span["font"]), span["text"].as_str().unwrap()));
        // CSS has lines end as UAX 14 has it, but Chromium knows no line separator.
        let words = self.1.replace('\u{2028}', "<br>");
        format!(
            "<div class=c style=\"left:{left}px;top:{top}px\"><div class=t style=\"{style}text-align:{align}\">{words}{}</div></div>\n",
            spans.collect::<String>()
        )
    }

    /// What is covered of each pixel, from 0 to 1.
    fn drawn(&self) -> Vec<f64> {
        let raster = draw(text(self.1, self.content()), (1.0, 1.0)).expect("there is something to draw");
        let coefficients = raster.to_layer.as_coeffs();
        let (left, top) = (coefficients[4].round() as i64, coefficients[5].round() as i64);
        let mut ink = vec![0.0; WIDTH * HEIGHT];
        for (index, pixel) in raster.pixels.chunks_exact(4).enumerate() {
            let (x, y) = (left + (index % raster.width) as i64, top + (index / raster.width) as i64);
            if (0..WIDTH as i64).contains(&x) && (0..HEIGHT as i64).contains(&y) {
                ink[y as usize * WIDTH + x as usize] = f64::from(pixel[3]) / 255.0;
            }
        }
        ink
    }

    /// The rows of its lines. Lines with several sizes count as one.
    fn bands(&self) -> Vec<std::ops::Range<usize>> {
        let content = self.content();
        if content["spans"].is_array() {
            return std::iter::once(0..HEIGHT).collect();
        }
        let height = content["font"]["size"].as_f64().unwrap() * content["lineHeight"].as_f64().unwrap();
        let row = |line: usize| ((line as f64 * height).round() as usize).min(HEIGHT);
        (0..HEIGHT).map(|line| row(line)..row(line + 1)).take_while(|rows| !rows.is_empty()).collect()
    }
}

/// How far ink is moved between two pictures within some rows, in columns and on average; `None` where there is none.
fn moved(one: &[f64], other: &[f64], rows: std::ops::Range<usize>) -> Option<f64> {
    let columns =
        |ink: &[f64]| -> Vec<f64> { (0..WIDTH).map(|x| rows.clone().map(|y| ink[y * WIDTH + x]).sum()).collect() };
    let (one, other) = (columns(one), columns(other));
    let (all_one, all_other) = (one.iter().sum::<f64>(), other.iter().sum::<f64>());
    // What reaches in from the lines beside does not count.
    if all_one < 8.0 && all_other < 8.0 {
        return None;
    }
    let (mut before, mut sum) = (0.0, 0.0);
    for (one, other) in one.iter().zip(&other) {
        before += one / all_one.max(1.0) - other / all_other.max(1.0);
        sum += f64::abs(before);
    }
    Some(sum)
}

/// The share of the ink that is elsewhere once both pictures are blurred, and the first is moved down by some rows.
fn changed(one: &[f64], other: &[f64], down: i64) -> f64 {
    let blurred = |ink: &[f64]| -> Vec<f64> {
        let all: f64 = ink.iter().sum();
        let at = |x: usize, y: usize| {
            let near = |at: usize, most: usize| at.saturating_sub(1)..(at + 2).min(most);
            near(y, HEIGHT).flat_map(|y| near(x, WIDTH).map(move |x| ink[y * WIDTH + x])).sum::<f64>() / 9.0
        };
        (0..WIDTH * HEIGHT).map(|index| at(index % WIDTH, index / WIDTH) / all.max(1.0)).collect()
    };
    let (one, other) = (blurred(one), blurred(other));
    let at = |index: usize| one.get((index as i64 - down * WIDTH as i64) as usize).copied().unwrap_or(0.0);
    other.iter().enumerate().map(|(index, other)| f64::abs(at(index) - other)).sum::<f64>() / 2.0
}

/// A page as Chromium draws it; `None` if there is none here.
fn photographed(page: &str, (width, height): (usize, usize)) -> Option<GrayImage> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("text_in_a_browser");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, picture) = (folder.join("page.html"), folder.join("chromium.png"));
    std::fs::write(&file, page).unwrap();
    let _ = std::fs::remove_file(&picture);
    let mut command = Command::new("chromium");
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.args(["--hide-scrollbars", "--disable-lcd-text", "--font-render-hinting=none"]);
    command.args(["--force-device-scale-factor=1", "--allow-file-access-from-files"]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.arg(format!("--window-size={width},{height}"));
    command.arg(format!("--screenshot={}", picture.display()));
    command.arg(format!("file://{}", file.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut browser = command.spawn().ok()?;
    let until = Instant::now() + DEADLINE;
    while browser.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            browser.kill().unwrap();
            browser.wait().unwrap();
            panic!("Chromium did not end within {DEADLINE:?}");
        }
        std::thread::yield_now();
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    Some(image::open(&picture).expect("Chromium made a picture").into_luma8())
}

/// Beside each other: what is in both is white, what is here alone red, what is in Chromium alone blue.
fn save(name: &Path, here: &[f64], there: &[f64]) {
    let byte = |ink: f64| (ink * 255.0).round() as u8;
    let pixel = |x: u32, y: u32| {
        let (here, there) = (here[y as usize * WIDTH + x as usize], there[y as usize * WIDTH + x as usize]);
        image::Rgb([byte(here), byte(here.min(there)), byte(there)])
    };
    image::RgbImage::from_fn(WIDTH as u32, HEIGHT as u32, pixel).save(name).unwrap();
}

#[test]
fn text_is_set_as_in_a_browser() {
    let test = "text_is_set_as_in_a_browser";
    if !["DejaVu Sans", "Noto Sans Hebrew", "Noto Sans Arabic"].iter().all(|font| installed(font, test)) {
        return;
    }
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fonts");
    let mut page = "<!doctype html><meta charset=utf-8><style>".to_owned();
    for (name, weight) in [("Regular", 400), ("Bold", 700)] {
        let file = fonts.join(format!("Inter-{name}.otf"));
        write!(page, "@font-face{{font-family:Inter;src:url('file://{}');font-weight:{weight}}}", file.display())
            .unwrap();
    }
    writeln!(
        page,
        "body{{margin:0;background:#000;color:#fff}}\
        .c{{position:absolute;width:{WIDTH}px;height:{HEIGHT}px;overflow:hidden}}\
        .t{{white-space:pre-wrap;overflow-wrap:break-word;unicode-bidi:plaintext}}</style>"
    )
    .unwrap();
    let cases = cases();
    let place = |number: usize| ((number % COLUMNS) * WIDTH, (number / COLUMNS) * HEIGHT);
    for (number, case) in cases.iter().enumerate() {
        page.push_str(&case.html(place(number)));
    }
    let size = (COLUMNS * WIDTH, cases.len().div_ceil(COLUMNS) * HEIGHT);
    // The window has a frame, so that more height is asked for than is seen.
    let Some(picture) = photographed(&page, (size.0, size.1 + 200)) else {
        println!("{test} is left out: there is no chromium");
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("text_in_a_browser");
    let mut faults = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (left, top) = place(number);
        let here = case.drawn();
        let there: Vec<f64> = (0..WIDTH * HEIGHT)
            .map(|index| picture.get_pixel((left + index % WIDTH) as u32, (top + index / WIDTH) as u32))
            .map(|pixel| f64::from(pixel.0[0]) / 255.0)
            .collect();
        let lines: Vec<f64> = case.bands().into_iter().filter_map(|rows| moved(&here, &there, rows)).collect();
        let farthest = lines.iter().copied().fold(0.0, f64::max);
        // Chromium rounds where the baseline of a line lies, which may be a row from here.
        let changed = (-1..=1).map(|rows| changed(&here, &there, rows)).fold(f64::INFINITY, f64::min);
        let more = here.iter().sum::<f64>() / there.iter().sum::<f64>().max(1.0) - 1.0;
        println!(
            "{:34} {} lines, moved by {farthest:.2} px, {:4.1} % elsewhere, {:+5.1} % ink",
            case.0,
            lines.len(),
            100.0 * changed,
            100.0 * more
        );
        save(&folder.join(format!("{number}.png")), &here, &there);
        if farthest > MOVED || changed > CHANGED || more.abs() > MORE {
            faults.push(format!("{} ({number}.png)", case.0));
        }
    }
    assert!(faults.is_empty(), "not as in Chromium: {}; see {}", faults.join(", "), folder.display());
}
