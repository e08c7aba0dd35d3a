//! A net is installed whole or not at all, from a folder or over HTTP, whatever the connection does.

use facegate::vision::Net;
use facegate::vision::models::{InstallError, Installed, Library, install};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn nets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nets")
}

fn from_folder(name: &str, into: &Path) -> Result<Installed, InstallError> {
    install(name, Some(nets().to_str().unwrap()), into, &mut |_, _| ())
}

/// The names of the files in a folder, hidden ones left out.
fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).filter(|n| !n.starts_with('.')).collect();
    names.sort();
    names
}

#[test]
fn a_net_of_a_folder_is_installed_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("made/as/needed");
    let installed = from_folder("tiny_max", &into).unwrap();
    assert!(!installed.was_there && installed.is_tested);
    assert_eq!(files(&into), ["manifest.toml".to_owned(), format!("tiny_max-{}.onnx", installed.entry.digest.short())]);

    let library = Library::open(&[&into]).unwrap();
    let entry = library.encoder(None).unwrap();
    let given = Library::open(&[nets()]).unwrap();
    let given = given.find("tiny_max").unwrap();
    assert_eq!((entry.digest, entry.dimension, entry.tau, &entry.answer), (given.digest, given.dimension, given.tau, &given.answer));
    assert!(Net::load(entry, None).is_ok());

    assert!(from_folder("tiny_max", &into).unwrap().was_there, "a second time changes nothing");
    from_folder("tiny_detector", &into).unwrap();
    from_folder("tiny_sum", &into).unwrap();
    let library = Library::open(&[&into]).unwrap();
    assert_eq!(library.entries().len(), 3);
    assert_eq!(library.detector(None).unwrap().name, "tiny_detector");
    assert!(library.encoder(None).is_err(), "an installation chooses no encoder");
}

#[test]
fn another_version_of_a_net_replaces_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    from_folder("tiny_max", dir.path()).unwrap();
    // The same name, other bytes.
    let manifest = std::fs::read_to_string(nets().join("manifest.toml")).unwrap();
    let (max, sum) = (manifest.find("[[model]]\nname = \"tiny_max\"").unwrap(), manifest.find("[[model]]\nname = \"tiny_sum\"").unwrap());
    let row = manifest[sum..].split("\n\n").next().unwrap().replace("name = \"tiny_sum\"", "name = \"tiny_max\"");
    assert!(max < sum);
    std::fs::write(source.path().join("manifest.toml"), format!("version = 1\n{row}\n")).unwrap();
    std::fs::copy(nets().join("tiny_sum.onnx"), source.path().join("tiny_sum.onnx")).unwrap();
    let installed = install("tiny_max", source.path().to_str(), dir.path(), &mut |_, _| ()).unwrap();
    assert_eq!(files(dir.path()), ["manifest.toml".to_owned(), format!("tiny_max-{}.onnx", installed.entry.digest.short())]);
    assert_eq!(Library::open(&[dir.path()]).unwrap().entries(), [installed.entry]);
}

#[test]
fn what_does_not_work_is_not_installed() {
    let dir = tempfile::tempdir().unwrap();
    let said = |result: Result<Installed, InstallError>| result.unwrap_err().to_string();
    assert!(said(from_folder("tiny_unknown", dir.path())).contains("Frobnicate"));
    assert!(said(from_folder("nobody", dir.path())).contains("describes no net `nobody`"));
    assert!(said(install("nobody", None, dir.path(), &mut |_, _| ())).contains("no net `nobody` is known"));
    assert!(said(install("tiny_max", Some("/nowhere"), dir.path(), &mut |_, _| ())).contains("cannot read /nowhere"));
    assert!(said(install("minifasnet_v2", None, dir.path(), &mut |_, _| ())).contains("--from FILE"));
    assert!(said(install("yunet_2023mar", Some("http://example.com/x.onnx"), dir.path(), &mut |_, _| ())).contains("is not https"));
    assert!(!dir.path().join("manifest.toml").exists());
    // A file alone must be the one that the catalogue means.
    let wrong = nets().join("tiny_max.onnx");
    let said = said(install("yunet_2023mar", wrong.to_str(), dir.path(), &mut |_, _| ()));
    assert!(said.contains("expected 8f2383e4") && said.contains("tiny_max.onnx"), "{said}");
    assert!(files(dir.path()).iter().all(|f| !f.ends_with(".onnx") && f != "manifest.toml"), "{:?}", files(dir.path()));
}

#[test]
fn two_installations_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(dir.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(from_folder("tiny_max", dir.path()), Err(InstallError::Busy { .. })));
}

/// What the server does with a request for a net, in order; the last is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// Honours `Range`.
    Well,
    /// Sends half of what is asked for and closes.
    Cut,
    /// Sends everything whatever is asked for.
    WithoutRange,
    /// Says 404.
    Missing,
    /// Sends other bytes of the right length.
    Wrong,
}

/// Serves tests/fixtures/nets on this machine; ends with the test's process.
struct Server {
    address: String,
    /// Each request for a net: its `Range` header, or nothing.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(manners: &[Manner]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (manners, seen) = (manners.to_vec(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &manners, &seen);
            }
        });
        Server { address, asked }
    }

    fn install(&self, name: &str, into: &Path) -> Result<Installed, InstallError> {
        install(name, Some(&format!("{}/manifest.toml", self.address)), into, &mut |_, _| ())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, manners: &[Manner], seen: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok).take_while(|l| !l.is_empty());
    let Some(path) = lines.next().and_then(|l| l.split(' ').nth(1).map(|p| p.trim_start_matches('/').to_owned())) else { return };
    let range = lines.find_map(|l| l.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned)).unwrap_or_default();
    let mut manner = Manner::Well;
    if path.ends_with(".onnx") {
        let mut seen = seen.lock().unwrap();
        manner = manners[seen.len().min(manners.len() - 1)];
        seen.push(range.clone());
    }
    let mut bytes = std::fs::read(nets().join(&path)).unwrap_or_default();
    let whole = bytes.len();
    let begin: Option<usize> = range.trim_end_matches('-').parse().ok();
    let mut head = "HTTP/1.1 200 OK".to_owned();
    match (manner, begin) {
        (Manner::Missing, _) => (head, bytes) = ("HTTP/1.1 404 Not Found".to_owned(), Vec::new()),
        (Manner::Wrong, _) => bytes.fill(b'x'),
        (Manner::Well | Manner::Cut, Some(begin)) if begin >= whole => {
            (head, bytes) = ("HTTP/1.1 416 Range Not Satisfiable".to_owned(), Vec::new())
        }
        (Manner::Well | Manner::Cut, Some(begin)) => {
            head = format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {begin}-{}/{whole}", whole - 1);
            bytes.drain(..begin);
        }
        _ => (),
    }
    let sent = if manner == Manner::Cut { bytes.len() / 2 } else { bytes.len() };
    let _ = write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
    let _ = stream.write_all(&bytes[..sent]);
}

fn size(name: &str) -> u64 {
    std::fs::metadata(nets().join(format!("{name}.onnx"))).unwrap().len()
}

fn part(dir: &Path) -> PathBuf {
    let name = files(dir).into_iter().find(|f| f.ends_with(".onnx.part")).expect("a part is kept");
    dir.join(name)
}

#[test]
fn a_net_is_downloaded() {
    let (server, dir) = (Server::start(&[Manner::Well]), tempfile::tempdir().unwrap());
    let mut told = Vec::new();
    let url = format!("{}/manifest.toml", server.address);
    let installed = install("tiny_max", Some(&url), dir.path(), &mut |got, whole| told.push((got, whole))).unwrap();
    assert!(installed.is_tested);
    assert_eq!(told.last(), Some(&(size("tiny_max"), Some(size("tiny_max")))));
    assert_eq!(server.asked(), [""]);
    assert!(Net::load(Library::open(&[dir.path()]).unwrap().encoder(None).unwrap(), None).is_ok());
}

#[test]
fn a_cut_download_goes_on_where_it_ended() {
    let (server, dir) = (Server::start(&[Manner::Cut, Manner::Cut, Manner::Well]), tempfile::tempdir().unwrap());
    let half = size("tiny_max") / 2;
    let Err(InstallError::Cut { got, .. }) = server.install("tiny_max", dir.path()) else { panic!("must say that it was cut") };
    assert_eq!((got, std::fs::metadata(part(dir.path())).unwrap().len()), (half, half));
    assert!(!dir.path().join("manifest.toml").exists());
    let Err(InstallError::Cut { got, .. }) = server.install("tiny_max", dir.path()) else { panic!("must say that it was cut") };
    assert!(server.install("tiny_max", dir.path()).unwrap().is_tested);
    assert_eq!(server.asked(), [String::new(), format!("{half}-"), format!("{got}-")]);
    assert_eq!(files(dir.path()).len(), 2, "no part is left");
}

#[test]
fn a_server_without_ranges_begins_again() {
    let (server, dir) = (Server::start(&[Manner::Cut, Manner::WithoutRange]), tempfile::tempdir().unwrap());
    assert!(server.install("tiny_max", dir.path()).is_err());
    assert!(server.install("tiny_max", dir.path()).unwrap().is_tested);
}

#[test]
fn a_part_of_another_file_is_thrown_away() {
    for left in [10, size("tiny_max"), size("tiny_max") + 10] {
        let (server, dir) = (Server::start(&[Manner::Cut, Manner::Well]), tempfile::tempdir().unwrap());
        assert!(server.install("tiny_max", dir.path()).is_err());
        std::fs::write(part(dir.path()), vec![b'y'; left as usize]).unwrap();
        assert!(server.install("tiny_max", dir.path()).unwrap().is_tested, "{left} bytes were left");
        assert_eq!(server.asked()[1..], [format!("{left}-"), String::new()]);
    }
}

#[test]
fn a_part_that_is_whole_is_enough() {
    let (server, dir) = (Server::start(&[Manner::Cut, Manner::Well]), tempfile::tempdir().unwrap());
    assert!(server.install("tiny_max", dir.path()).is_err());
    std::fs::copy(nets().join("tiny_max.onnx"), part(dir.path())).unwrap();
    assert!(server.install("tiny_max", dir.path()).unwrap().is_tested);
}

#[test]
fn wrong_bytes_are_not_installed_and_say_both_digests() {
    let (server, dir) = (Server::start(&[Manner::Wrong]), tempfile::tempdir().unwrap());
    let Err(InstallError::Digest { expected, found, .. }) = server.install("tiny_max", dir.path()) else { panic!("must be refused") };
    assert_ne!(expected, found);
    assert_eq!(files(dir.path()), [""; 0], "nothing is kept");
}

#[test]
fn what_the_server_lacks_is_said() {
    let (server, dir) = (Server::start(&[Manner::Missing]), tempfile::tempdir().unwrap());
    let said = server.install("tiny_max", dir.path()).unwrap_err().to_string();
    assert!(said.contains("404") && said.contains(&server.address), "{said}");
    let url = format!("{}/elsewhere/manifest.toml", server.address);
    let said = install("tiny_max", Some(&url), dir.path(), &mut |_, _| ()).unwrap_err().to_string();
    assert!(said.contains("elsewhere"), "{said}");
}

#[test]
fn an_old_net_stays_when_the_new_one_fails() {
    let (server, dir) = (Server::start(&[Manner::Wrong]), tempfile::tempdir().unwrap());
    from_folder("tiny_sum", dir.path()).unwrap();
    let before = std::fs::read(dir.path().join("manifest.toml")).unwrap();
    assert!(server.install("tiny_max", dir.path()).is_err());
    assert_eq!(std::fs::read(dir.path().join("manifest.toml")).unwrap(), before);
    assert!(Net::load(Library::open(&[dir.path()]).unwrap().encoder(None).unwrap(), None).is_ok());
}
