//! The current picture.

use std::{io::Cursor, str::FromStr};

use image::{ExtendedColorType, ImageEncoder as _, codecs};
use serde_json::json as object;
use systems::{
    Picture,
    resize::{FilterType, ResizeError, ResizeSource, resize_rgba},
};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, endpoint, openapi::Api};

/// Of 100; artefacts are hard to see from here on.
const JPEG_QUALITY: u8 = 85;
/// The widest picture that is made; the widest canvas there is.
const WIDEST: u32 = 3840;

/// `GET …/frame?format=png|jpeg|webp&variant=…&width=…`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("frame")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/frame", frame)
}

pub(super) fn describe(api: &mut Api) {
    let format = object!({ "enum": ["png", "jpeg", "jpg", "webp"], "default": "png" });
    let variant = object!({ "type": "string" });
    let width = object!({ "type": "integer", "minimum": 1, "maximum": WIDEST });
    api.route("/api/stream/frame").on("get", "The current picture", |get| {
        get.query("format", &format, "`webp` is lossless")
            .query("variant", &variant, "The variant of the scene that is seen; the stream's own if absent")
            .query("width", &width, "Pixels; the height is in proportion. That of the stream if absent")
            .media(200, &["image/png", "image/jpeg", "image/webp"], "The picture")
            .ticks()
            .refuses(400, "A parameter is wrong, or the picture would be too tall")
            .refuses(404, "No rendition shows this variant")
            .refuses(503, "Too many pictures are waited for; try again in a moment")
    });
}

async fn frame(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&["format", "variant", "width"])?;
    let format = request.query.value("format", "`png`, `jpeg` or `webp`")?.unwrap_or(Format::Png);
    let width: Option<u32> = request.query.value("width", format_args!("pixels from 1 to {WIDEST}"))?;
    if width.is_some_and(|width| !(1..=WIDEST).contains(&width)) {
        return Err(Problem::bad_request(format!("query parameter `width`: expected pixels from 1 to {WIDEST}")));
    }
    let variant = request.query.value::<String>("variant", "the name of a variant")?;
    let variant = variant.map(|name| context.engine.drawn_variant(&name).ok_or_else(|| unknown(&context, &name)));
    let variant = variant.transpose()?;
    // Waiting before the picture is taken, not after, so that it is fresh.
    let turn = context.encodes.take(request.address).await?;
    let picture = match variant {
        Some(variant) => {
            context.engine.picture_of(variant.clone()).await?.ok_or_else(|| unknown(&context, variant.as_str()))?
        }
        None => context.engine.picture().await?,
    };
    let tick = picture.tick;
    let size = size_of(&picture, width)?;
    let encoding = tokio::task::spawn_blocking(move || {
        let encoded = encode(&picture, format, size);
        drop(turn);
        encoded
    });
    let failed = |error: &dyn std::fmt::Display| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the picture could not be encoded: {error}"))
    };
    let bytes = encoding.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(at_tick(response, tick))
}

fn unknown(context: &Context, name: &str) -> Problem {
    Problem::not_found(context.engine.unknown_variant(name))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    WebP,
}

/// The text names no format.
struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "png" => Ok(Self::Png),
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::WebP),
            _ => Err(UnknownFormat),
        }
    }
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum EncodeError {
    #[error(transparent)]
    Size(#[from] ResizeError),
    #[error(transparent)]
    Encode(#[from] image::ImageError),
}

/// The size of a picture that is `width` pixels wide with its sides in proportion. A side of it is never larger than
/// [`WIDEST`], unless the picture's own is.
fn size_of(picture: &Picture, width: Option<u32>) -> Result<(u32, u32), Problem> {
    let Some(width) = width.filter(|width| *width != picture.width) else {
        return Ok((picture.width, picture.height));
    };
    let height = (u64::from(picture.height) * u64::from(width) / u64::from(picture.width.max(1))).max(1);
    match u32::try_from(height) {
        Ok(height) if height <= WIDEST.max(picture.height) => Ok((width, height)),
        _ => Err(Problem::bad_request(format!(
            "query parameter `width`: the picture would have {width}x{height} pixels, but may have {WIDEST} at most on a \
             side; ask for one that is less wide"
        ))),
    }
}

/// The picture in a file format, at this size. WebP is lossless.
fn encode(picture: &Picture, format: Format, (width, height): (u32, u32)) -> Result<Vec<u8>, EncodeError> {
    let scaled;
    let pixels = if (width, height) == (picture.width, picture.height) {
        picture.data.as_slice()
    } else {
        let source = ResizeSource { width: picture.width, height: picture.height, data: &picture.data, crop: None };
        scaled = resize_rgba(source, (width, height), FilterType::Lanczos3)?;
        scaled.as_slice()
    };
    // Opaque by contract, so the fourth channel says nothing.
    let rgb: Vec<u8> = pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut file = Vec::new();
    let color = ExtendedColorType::Rgb8;
    match format {
        Format::Png => codecs::png::PngEncoder::new(&mut file).write_image(&rgb, width, height, color)?,
        Format::Jpeg => codecs::jpeg::JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY)
            .write_image(&rgb, width, height, color)?,
        Format::WebP => {
            codecs::webp::WebPEncoder::new_lossless(Cursor::new(&mut file)).write_image(&rgb, width, height, color)?;
        }
    }
    Ok(file)
}
