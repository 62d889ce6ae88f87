//! Broken documents, and what is told of them.
//!
//! Each `tests/faults/NAME.jsonc` stands beside `NAME.txt`, the faults as people read them. To write these files anew
//! after a change of wording, run the tests with `BLESS=1`, then read the difference.

use std::{fs, path::Path};

use components::{
    SceneDocument,
    document::{Fault, Limits},
};

fn told(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn every_fault_of_a_document_is_told_at_once_and_in_words_for_people() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut cases: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "jsonc"));
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let faults = SceneDocument::parse(&text, &Limits { max_layers: 50 }).expect_err("a broken document");
        let expected = case.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, told(&faults)).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap();
        assert_eq!(told(&faults), expected, "the faults of {}", case.display());
    }
}
