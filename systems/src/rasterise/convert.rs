//! RGBA to I420.
