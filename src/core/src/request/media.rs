//! How large the images, sounds and documents of a prompt are.

use super::prompt::PromptSize;
use super::word::{Hint, Word};
use crate::policy::MediaTokens;

/// Media of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// How many.
    pub count: u64,
    /// Their bytes, decoded from base64; of those that are named by an address there are none.
    pub bytes: u64,
}

impl Media {
    pub(super) const fn one(bytes: u64) -> Media {
        Media { count: 1, bytes }
    }

    pub(super) fn plus(self, other: Media) -> Media {
        Media {
            count: self.count.saturating_add(other.count),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// The kinds of media, as models count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaKind {
    Image,
    Document,
    Audio,
    Video,
}

impl MediaKind {
    /// The kind of a MIME type. What is no image, sound or video is a document.
    pub(super) fn of_mime(mime: &str) -> MediaKind {
        let family = mime.split_once('/').map_or(mime, |(family, _)| family);
        if family.eq_ignore_ascii_case("image") {
            MediaKind::Image
        } else if family.eq_ignore_ascii_case("audio") {
            MediaKind::Audio
        } else if family.eq_ignore_ascii_case("video") {
            MediaKind::Video
        } else {
            MediaKind::Document
        }
    }

    pub(super) const fn of_hint(hint: Hint) -> Option<MediaKind> {
        match hint {
            Hint::Image => Some(MediaKind::Image),
            Hint::Document => Some(MediaKind::Document),
            Hint::Audio => Some(MediaKind::Audio),
            Hint::Video => Some(MediaKind::Video),
            Hint::Any | Hint::Result => None,
        }
    }
}

/// Most prompt tokens of an image, if its model's are not known. A picture of one colour has few
/// bytes, so those say nothing: gpt-4o-mini counts so many for the largest
/// (<https://platform.openai.com/docs/guides/images-vision#calculating-costs>).
const MOST_TOKENS_OF_IMAGE: u64 = 50_000;
/// Tokens of a document by its bytes, if its model's are not known. Text packed as PDF and Office
/// do it comes to about a token a byte; a page that is nearly empty has a thousand bytes or more,
/// and is read as an image of up to 1,600 tokens as well
/// (<https://docs.claude.com/en/docs/build-with-claude/pdf-support#estimate-your-costs>).
const TOKENS_PER_BYTE_OF_DOCUMENT: u64 = 2;
/// Most tokens of a page, as text and as an image (the same source).
const MOST_TOKENS_OF_PAGE: u64 = 5_000;
/// Bytes of sound for a token, if its model's are not known: Gemini counts 32 tokens a second
/// (<https://ai.google.dev/gemini-api/docs/tokens#multimodal-tokens>), OpenAI fewer; speech has no
/// less than 2 kbit/s, 250 bytes a second, in any format in use.
const BYTES_OF_AUDIO_PER_TOKEN: u64 = 8;
/// Bytes of video for a token, if its model's are not known: Gemini counts 258 tokens a frame and
/// reads up to 24 frames a second
/// (<https://ai.google.dev/gemini-api/docs/video-understanding#custom-frame-rate>), some 6,200 tokens;
/// 50 kbit/s, the least of any video that moves, are as many bytes.
const BYTES_OF_VIDEO_PER_TOKEN: u64 = 1;

fn images(of: Media, model: &MediaTokens) -> u64 {
    let most = model.image.unwrap_or(MOST_TOKENS_OF_IMAGE);
    of.count.saturating_mul(most)
}

fn documents(of: Media, model: &MediaTokens) -> u64 {
    let packed = of.bytes.saturating_mul(TOKENS_PER_BYTE_OF_DOCUMENT);
    let pages = of.count.saturating_mul(MOST_TOKENS_OF_PAGE);
    by_bytes(of, model.document, packed.max(pages))
}

fn by_bytes(of: Media, most: Option<u64>, tokens: u64) -> u64 {
    match most {
        Some(most) => of.count.saturating_mul(most),
        None => tokens,
    }
}

impl PromptSize {
    /// The most tokens of its images and documents: of each the most that `model` has for one, or, if
    /// that is not known, what its bytes can come to.
    ///
    /// A file that is made to have many more pages than bytes passes this; the caller bounds it by the
    /// model's context window.
    pub fn image_tokens(&self, model: &MediaTokens) -> u64 {
        images(self.images, model).saturating_add(documents(self.documents, model))
    }

    /// The most tokens of its sounds and videos, and of media of unknown kind, which count as the kind
    /// with the most. Bounded like [`PromptSize::image_tokens`].
    pub fn audio_tokens(&self, model: &MediaTokens) -> u64 {
        let audio = |of: Media| by_bytes(of, model.audio, of.bytes / BYTES_OF_AUDIO_PER_TOKEN);
        let video = |of: Media| by_bytes(of, model.video, of.bytes / BYTES_OF_VIDEO_PER_TOKEN);
        let unknown = self.unknown_media;
        let pictures = images(unknown, model).max(documents(unknown, model));
        let sounds = audio(unknown).max(video(unknown));
        audio(self.audio)
            .saturating_add(video(self.video))
            .saturating_add(pictures.max(sounds))
    }

    /// The tokens that such media usually have: a picture of a screen, a page of 60 KB and 3,000
    /// tokens, music at 128 kbit/s, video at 1 Mbit/s.
    pub(super) fn likely_media_tokens(&self) -> u64 {
        let pictures = self.images.count.saturating_add(self.unknown_media.count);
        let pages = (self.documents.bytes / 20).max(self.documents.count.saturating_mul(1_000));
        pictures
            .saturating_mul(1_000)
            .saturating_add(pages)
            .saturating_add(self.audio.bytes / 500)
            .saturating_add(self.video.bytes / 400)
    }

    pub(super) fn add_media(&mut self, kind: Option<MediaKind>, media: Media) {
        let of_kind = match kind {
            Some(MediaKind::Image) => &mut self.images,
            Some(MediaKind::Document) => &mut self.documents,
            Some(MediaKind::Audio) => &mut self.audio,
            Some(MediaKind::Video) => &mut self.video,
            None => &mut self.unknown_media,
        };
        *of_kind = of_kind.plus(media);
    }
}

/// What a text under a media key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form<'t> {
    /// Text.
    Text,
    /// The address of a medium, or of a page.
    Address,
    /// A medium of so many bytes, and its MIME type where it says one.
    Inline(u64, Option<&'t str>),
}

/// Shorter base64 counts as text: too short for an image.
const LEAST_BASE64: usize = 1_024;
/// A longer address is no address.
const LONGEST_ADDRESS: usize = 8_192;

/// What a text under a media key is: an address, a `data:` URL, base64, or text.
pub(super) fn form(text: &str) -> Form<'_> {
    let starts = |prefix| text.starts_with(prefix);
    if starts("https://") || starts("http://") || starts("gs://") {
        return match text.len() <= LONGEST_ADDRESS {
            true => Form::Address,
            false => Form::Text,
        };
    }
    if let Some(content) = text.strip_prefix("data:") {
        return match content.split_once(',') {
            Some((mime, encoded)) if is_base64(encoded) => {
                Form::Inline(decoded_bytes(encoded), Some(mime))
            }
            _ => Form::Text,
        };
    }
    match text.len() > LEAST_BASE64 && is_base64(text) {
        true => Form::Inline(decoded_bytes(text), None),
        false => Form::Text,
    }
}

/// Whether a value under this key can be an image, a sound or a document.
pub(super) fn is_media_key(key: &str) -> bool {
    Word::of(key).is_media()
}

/// Whether text under a media key is a medium: an address, a `data:` URL or base64.
pub(super) fn is_medium(text: &str) -> bool {
    form(text) != Form::Text
}

fn is_base64(text: &str) -> bool {
    let is_digit = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
    };
    text.bytes().all(is_digit)
}

fn decoded_bytes(base64: &str) -> u64 {
    let digits = base64.len() as u64;
    digits.saturating_mul(3) / 4
}
