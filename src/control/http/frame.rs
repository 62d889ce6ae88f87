//! The current picture.

use std::{io::Cursor, str::FromStr, sync::Arc};

use fast_image_resize::{PixelType, ResizeOptions, Resizer, images};
use image::{ExtendedColorType, ImageEncoder as _, codecs};
use serde_json::json as object;
use systems::Picture;
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

/// `GET …/frame?format=png|jpeg|webp&width=…`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("frame")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/frame", frame)
}

pub(super) fn describe(api: &mut Api) {
    let format = object!({ "enum": ["png", "jpeg", "jpg", "webp"], "default": "png" });
    let width = object!({ "type": "integer", "minimum": 1, "maximum": WIDEST });
    api.route("/api/stream/frame").on("get", "The current picture", |get| {
        get.query("format", &format, "`webp` is lossless")
            .query("width", &width, "Pixels; the height is in proportion. That of the stream if absent")
            .media(200, &["image/png", "image/jpeg", "image/webp"], "The picture")
            .ticks()
            .refuses(400, "A parameter is wrong")
    });
}

async fn frame(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&["format", "width"])?;
    let format = request.query.value("format", "`png`, `jpeg` or `webp`")?.unwrap_or(Format::Png);
    let width: Option<u32> = request.query.value("width", format_args!("pixels from 1 to {WIDEST}"))?;
    if width.is_some_and(|width| !(1..=WIDEST).contains(&width)) {
        return Err(Problem::bad_request(format!("query parameter `width`: expected pixels from 1 to {WIDEST}")));
    }
    // Waiting before the picture is taken, not after, so that it is fresh. Never closed, so it cannot fail.
    let place = Arc::clone(&context.encodes).acquire_owned().await;
    let picture = context.engine.picture().await?;
    let tick = picture.tick;
    let encoding = tokio::task::spawn_blocking(move || {
        let encoded = encode(&picture, format, width);
        drop(place);
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
    Size(#[from] images_error::Size),
    #[error(transparent)]
    Encode(#[from] image::ImageError),
}

/// The errors of the resizer, which has one for each step.
mod images_error {
    #[derive(Debug, thiserror::Error)]
    pub(super) enum Size {
        #[error(transparent)]
        Buffer(#[from] fast_image_resize::ImageBufferError),
        #[error(transparent)]
        Resize(#[from] fast_image_resize::ResizeError),
    }
}

/// The picture in a file format, `width` pixels wide with its sides in proportion. WebP is lossless.
fn encode(picture: &Picture, format: Format, width: Option<u32>) -> Result<Vec<u8>, EncodeError> {
    let scaled;
    let (width, height, pixels) = match width {
        Some(width) if width != picture.width => {
            scaled = scale(picture, width)?;
            (scaled.width(), scaled.height(), scaled.buffer())
        }
        _ => (picture.width, picture.height, picture.data.as_slice()),
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

fn scale(picture: &Picture, width: u32) -> Result<images::Image<'static>, images_error::Size> {
    let height = u64::from(picture.height) * u64::from(width) / u64::from(picture.width);
    let height = u32::try_from(height).unwrap_or(WIDEST).max(1);
    let source = images::ImageRef::new(picture.width, picture.height, &picture.data, PixelType::U8x4)?;
    let mut scaled = images::Image::new(width, height, PixelType::U8x4);
    Resizer::new().resize(&source, &mut scaled, &ResizeOptions::new().use_alpha(false))?;
    Ok(scaled)
}
