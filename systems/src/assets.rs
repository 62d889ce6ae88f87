//! Pictures and fonts of the scene, decoded off the tick thread.
