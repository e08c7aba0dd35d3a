//! The bytes of a net, from a file or over https, into a file of which it is then known that they are the right ones.

use super::{InstallError, Progress};
use crate::units::Digest;
use crate::vision::net::MOST_BYTES;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Response, StatusCode, Uri, header};

/// A manifest larger than this is none.
const MOST_TEXT: u64 = 1 << 20;
/// Without a byte for so long the connection is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the bytes are.
pub enum Source {
    File(PathBuf),
    Address(String),
}

impl Source {
    /// Fills `part` with the bytes of this digest. What a cut download left there is gone on with.
    pub fn fetch(&self, name: &str, digest: Digest, part: &Path, progress: Progress<'_>) -> Result<(), InstallError> {
        let from = match self {
            Source::File(path) => {
                copy(path, part)?;
                path.display().to_string()
            }
            Source::Address(url) => {
                let went_on = download(url, part, progress)?;
                if went_on && digest_of(part).map_err(io("read", part))? != digest {
                    // The beginning was of another file: once more, from nothing.
                    std::fs::remove_file(part).map_err(io("remove", part))?;
                    download(url, part, progress)?;
                }
                url.clone()
            }
        };
        let found = digest_of(part).map_err(io("read", part))?;
        if found != digest {
            std::fs::remove_file(part).map_err(io("remove", part))?;
            return Err(InstallError::Digest { name: name.to_owned(), from, expected: digest, found });
        }
        Ok(())
    }
}

/// SHA-256 of a file.
pub fn digest_of(path: &Path) -> std::io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?.take(MOST_BYTES + 1);
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Digest(hash.finalize().into())),
            n => hash.update(&block[..n]),
        }
    }
}

fn copy(from: &Path, part: &Path) -> Result<(), InstallError> {
    let source = File::open(from).map_err(io("read", from))?;
    let mut target = File::create(part).map_err(io("write", part))?;
    let copied = std::io::copy(&mut source.take(MOST_BYTES + 1), &mut target).map_err(io("copy", from))?;
    fits(copied, &from.display().to_string(), part)
}

fn fits(bytes: u64, from: &str, part: &Path) -> Result<(), InstallError> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let _ = std::fs::remove_file(part);
    Err(InstallError::TooLarge { from: from.to_owned(), most: MOST_BYTES })
}

/// A small text, such as a manifest.
pub fn text(url: &str) -> Result<String, InstallError> {
    let failed = |why: String| InstallError::Download { url: url.to_owned(), why };
    let response = ask(url, 0)?;
    if response.status() != StatusCode::OK {
        return Err(failed(format!("the server says {}", response.status())));
    }
    let mut text = String::new();
    response.into_body().into_reader().take(MOST_TEXT).read_to_string(&mut text).map_err(|e| failed(e.to_string()))?;
    Ok(text)
}

/// Whether it went on with what was there.
fn download(url: &str, part: &Path, progress: Progress<'_>) -> Result<bool, InstallError> {
    let have = std::fs::metadata(part).map_or(0, |m| m.len());
    let mut response = ask(url, have)?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 {
        // The server has no bytes beyond ours: all is there, or it is of another file.
        return Ok(true);
    }
    let goes_on = response.status() == StatusCode::PARTIAL_CONTENT && begins_at(&response) == Some(have);
    if !goes_on && response.status() == StatusCode::PARTIAL_CONTENT {
        response = ask(url, 0)?;
    }
    if !goes_on && response.status() != StatusCode::OK {
        return Err(InstallError::Download { url: url.to_owned(), why: format!("the server says {}", response.status()) });
    }
    let mut file = OpenOptions::new().create(true).append(goes_on).write(true).truncate(!goes_on).open(part).map_err(io("write", part))?;
    let mut got = if goes_on { have } else { 0 };
    let whole = response.body().content_length().map(|rest| got + rest);
    fits(whole.unwrap_or(0), url, part)?;
    let mut body = response.into_body().into_reader();
    let mut block = vec![0; 1 << 16];
    loop {
        let n = match body.read(&mut block) {
            Ok(n) => n,
            Err(e) => return Err(InstallError::Cut { url: url.to_owned(), got, why: e.to_string() }),
        };
        if n == 0 {
            return Ok(goes_on);
        }
        file.write_all(&block[..n]).map_err(io("write", part))?;
        got += n as u64;
        fits(got, url, part)?;
        progress(got, whole);
    }
}

/// Asks for the bytes from `beyond` on. Any status is an answer.
fn ask(url: &str, beyond: u64) -> Result<Response<ureq::Body>, InstallError> {
    let insecure = || InstallError::Insecure { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_| insecure())?;
    // Plain http is allowed to this machine alone, for tests and for tunnels; it may not lead elsewhere.
    let is_local = uri.scheme_str() == Some("http") && matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    if uri.scheme_str() != Some("https") && !is_local {
        return Err(insecure());
    }
    let mut config = ureq::Agent::config_builder()
        .https_only(!is_local)
        .http_status_as_error(false)
        .max_redirects(if is_local { 0 } else { 5 })
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("facegate/", env!("CARGO_PKG_VERSION")));
    if is_local {
        config = config.proxy(None);
    }
    let mut request = config.build().new_agent().get(url);
    if beyond > 0 {
        request = request.header(header::RANGE, format!("bytes={beyond}-"));
    }
    request.call().map_err(|e| InstallError::Download { url: url.to_owned(), why: e.to_string() })
}

/// "bytes 100-199/200": 100.
fn begins_at(response: &Response<ureq::Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// What failed, on what.
pub fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> InstallError + use<> {
    let path = path.to_owned();
    move |source| InstallError::Io { what, path, source }
}
