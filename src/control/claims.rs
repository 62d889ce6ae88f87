//! Which of the files among the uploads are whose.
//!
//! Beside each file that came in lies its claim, a small file that names it and all who have taken it in: several instances
//! may have the same folder, and the same picture gets the same name everywhere. Who needs the file no more takes the own
//! name out of the claim; the last one removes both. A file without a claim was put there by somebody else and is never
//! touched.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
};

/// What the name of a claim begins with.
const PREFIX: &str = ".claim-";
/// Bytes that a claim has at most: some hundred instances.
const LARGEST: u64 = 16 << 10;

/// Who takes files in: the same after a restart, and another one for each state that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// The one who keeps its state in that place.
    #[must_use]
    pub fn new(place: &str) -> Self {
        use std::hash::{DefaultHasher, Hasher as _};
        let mut hash = DefaultHasher::new();
        hash.write(place.as_bytes());
        Self(format!("{:016x}", hash.finish()))
    }
}

/// A claim, locked for as long as this is there.
struct Claim {
    file: File,
    path: PathBuf,
    owners: Vec<String>,
}

/// The first line of a claim.
fn title(name: &OsStr) -> String {
    format!("Stream Manager has taken in `{}` for:", name.display())
}

impl Claim {
    /// Where that of a file lies.
    fn of(file: &Path) -> PathBuf {
        let mut name = OsString::from(PREFIX);
        name.push(file.file_name().unwrap_or_default());
        file.with_file_name(name)
    }

    /// The claim of a file; `None` if there is none of ours.
    fn open(file: &Path, create: bool) -> io::Result<Option<Self>> {
        let path = Self::of(file);
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(create).truncate(false).open(&path);
            let mut opened = match opened {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
            opened.lock()?;
            // Whoever had it before may have removed it.
            let is_same = |there: fs::Metadata| opened.metadata().is_ok_and(|own| own.ino() == there.ino());
            if !fs::symlink_metadata(&path).is_ok_and(is_same) {
                if create || path.exists() {
                    continue;
                }
                return Ok(None);
            }
            let mut text = String::new();
            (&mut opened).take(LARGEST).read_to_string(&mut text)?;
            let mut lines = text.lines();
            let is_ours = lines.next().is_none_or(|first| first == title(file.file_name().unwrap_or_default()));
            let owners = lines.map(str::to_owned).collect();
            return Ok(is_ours.then_some(Self { file: opened, path, owners }));
        }
    }

    fn write(&mut self, file: &Path) -> io::Result<()> {
        let lines = self.owners.iter().map(|owner| format!("{owner}\n"));
        let text: String = std::iter::once(title(file.file_name().unwrap_or_default()) + "\n").chain(lines).collect();
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()
    }
}

/// Has `put` put a file in its place, unless there is one that says the same, and notes that it is `owner`'s too. A file
/// that somebody else has put there stays somebody else's.
///
/// # Errors
/// The disk does not take it.
pub(super) fn claim(file: &Path, owner: &Owner, put: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let is_there = fs::symlink_metadata(file).is_ok();
    let Some(mut claim) = Claim::open(file, !is_there)? else { return put() };
    if !claim.owners.contains(&owner.0) {
        claim.owners.push(owner.0.clone());
        claim.write(file)?;
    }
    put()
}

/// Removes a file that `owner` has taken in, unless somebody else needs it.
///
/// # Errors
/// It cannot be removed.
pub(super) fn disclaim(file: &Path, owner: &Owner) -> io::Result<()> {
    // Neither through a link, nor a folder.
    let folder = file.parent().unwrap_or(Path::new("."));
    if !fs::symlink_metadata(folder).is_ok_and(|about| about.is_dir())
        || !fs::symlink_metadata(file).is_ok_and(|about| about.is_file())
        || !fs::symlink_metadata(Claim::of(file)).is_ok_and(|about| about.is_file())
    {
        return Ok(());
    }
    let Some(mut claim) = Claim::open(file, false)? else { return Ok(()) };
    let before = claim.owners.len();
    claim.owners.retain(|other| *other != owner.0);
    if claim.owners.len() == before {
        return Ok(());
    }
    if !claim.owners.is_empty() {
        return claim.write(file);
    }
    fs::remove_file(file)?;
    fs::remove_file(&claim.path)
}

/// The names of the files in a folder that `owner` has taken in.
pub(super) fn claimed(folder: &Path, owner: &Owner) -> Vec<OsString> {
    // Where nothing was ever uploaded there is no such folder.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let claims = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let is_own = |name: &OsStr| {
        let text = File::open(folder.join(PREFIX.to_owned() + &name.to_string_lossy())).and_then(|claim| {
            let mut text = String::new();
            claim.take(LARGEST).read_to_string(&mut text).map(|_| text)
        });
        let text = text.unwrap_or_default();
        let mut lines = text.lines();
        lines.next().is_some_and(|first| first == title(name)) && lines.any(|line| line == owner.0)
    };
    let names = claims.filter_map(|claim| Some(OsString::from(claim.file_name().to_str()?.strip_prefix(PREFIX)?)));
    names.filter(|name| is_own(name)).collect()
}

/// The name of a file that lies right in `folder`, as paths in scenes say it; `None` if it lies elsewhere or is a claim or
/// comes in.
pub(super) fn plain_name<'a>(path: &'a Path, folder: &str) -> Option<&'a OsStr> {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    match (parts.next()?, parts.next()?, parts.next()) {
        (Component::Normal(first), Component::Normal(name), None) if first == folder => {
            (!name.to_string_lossy().starts_with('.')).then_some(name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::control::incoming::tests::names;

    #[test]
    fn only_what_an_owner_has_taken_in_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (one, other) = (Owner::new("one"), Owner::new("other"));
        for (name, owner) in [("a.png", &one), ("b.png", &other), ("c.png", &one)] {
            claim(&at(name), owner, || fs::write(at(name), name)).unwrap();
        }
        claim(&at("b.png"), &one, || Ok(())).unwrap();
        fs::write(at("mine.png"), "mine").unwrap();
        fs::rename(at(".claim-c.png"), at(".claim-mine.png")).unwrap();
        fs::create_dir(at(".claim-folder")).unwrap();
        let mut found = claimed(folder.path(), &one);
        found.sort();
        assert_eq!(found, ["a.png", "b.png"]);
        assert_eq!(claimed(folder.path(), &other), ["b.png"]);
        assert_eq!(claimed(&at("missing"), &one), [""; 0]);
    }

    #[test]
    fn a_file_goes_with_the_last_who_took_it_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logo.png");
        let (one, other) = (Owner::new("one"), Owner::new("other"));
        assert_ne!(one, other);
        claim(&file, &one, || fs::write(&file, "logo")).unwrap();
        claim(&file, &other, || Ok(())).unwrap();
        claim(&file, &other, || Ok(())).unwrap();
        disclaim(&file, &other).unwrap();
        disclaim(&file, &other).unwrap();
        assert_eq!(names(folder.path()), [".claim-logo.png", "logo.png"]);
        disclaim(&file, &one).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new());
        // As often as it comes.
        claim(&file, &one, || fs::write(&file, "logo")).unwrap();
        disclaim(&file, &one).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn files_of_somebody_else_are_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let owner = Owner::new("one");
        fs::write(at("mine.png"), "mine").unwrap();
        // The same was uploaded.
        claim(&at("mine.png"), &owner, || Ok(())).unwrap();
        disclaim(&at("mine.png"), &owner).unwrap();
        // A claim that is none, and one of another file.
        fs::write(at("notes.png"), "mine").unwrap();
        fs::write(at(".claim-notes.png"), format!("of mine\n{}\n", owner.0)).unwrap();
        disclaim(&at("notes.png"), &owner).unwrap();
        // What lies behind links.
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("far.png"), "mine").unwrap();
        let claimed = format!("{}\n{}\n", title(OsStr::new("far.png")), owner.0);
        fs::write(elsewhere.path().join(".claim-far.png"), &claimed).unwrap();
        symlink(elsewhere.path(), at("media")).unwrap();
        disclaim(&at("media/far.png"), &owner).unwrap();
        symlink(elsewhere.path().join("far.png"), at("far.png")).unwrap();
        fs::write(at(".claim-far.png"), &claimed).unwrap();
        disclaim(&at("far.png"), &owner).unwrap();
        assert_eq!(names(elsewhere.path()), [".claim-far.png", "far.png"]);
        let left = [".claim-far.png", ".claim-notes.png", "far.png", "media", "mine.png", "notes.png"];
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn only_what_lies_right_in_the_folder_has_a_name_there() {
        let name = |path: &'static str| plain_name(Path::new(path), "uploads").map(|name| name.display().to_string());
        assert_eq!(name("uploads/a.png").as_deref(), Some("a.png"));
        assert_eq!(name("./uploads/./a.png").as_deref(), Some("a.png"));
        for other in ["a.png", "uploads", "uploads/sub/a.png", "uploads/../a.png", "/uploads/a.png", "uploads/.claim-a"]
        {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
