//! The connection that an RTMP sink makes, for as long as nobody has taken its stream.
//!
//! A sink that is stopped after it has shaken hands and before its stream is taken loses its connection: nobody closes it any
//! more, for as long as the process runs. One whose peer is gone in that time closes it and says so. So the connection is
//! ended from below first, and the sink is stopped when it has noticed.
//!
//! A sink that has been told no lets its connection lie in the same way: what waits for the peer to speak holds the connection,
//! and is held by the loop that the sink runs, and no longer runs after it has told of the error. It tells of it on the thread of
//! that loop, which then does what is left to do, once. So the connection is ended just when the error is told: that its peer
//! is gone is among what is left, and it is closed.
//!
//! The sink keeps its socket to itself. GLib tells of every connection that is made anywhere in the process, on the thread that
//! makes it (`GSocketClient::event`). Sinks are started one after the other, so that the next to begin is the one that was
//! started. What connects for a sink is marked as such: others may be on their way to the same server, and are told of too.

use std::{
    ffi::{c_uint, c_ulong},
    fs::File,
    net::{Shutdown, TcpStream},
    os::{
        fd::{BorrowedFd, OwnedFd, RawFd},
        unix::fs::MetadataExt,
    },
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use gstreamer::{
    self as gst,
    glib::{self, ffi::GTRUE, gobject_ffi},
    prelude::*,
};

use super::link::lock;

/// How long a sink may take to begin. It does so before it asks a name server, unless its thread gets no time.
const BEGIN: Duration = Duration::from_secs(5);

/// Held from the start of a sink until it has begun to connect.
static STARTING: Mutex<()> = Mutex::new(());

/// Watches one sink connect until it is dropped.
pub(super) struct Connecting {
    watched: Arc<Watched>,
    signal: c_uint,
    hook: c_ulong,
}

struct Watched {
    host: String,
    port: u32,
    state: Mutex<State>,
    has_begun: Condvar,
}

#[derive(Default)]
struct State {
    client: Client,
    socket: Option<Socket>,
    is_given_up: bool,
}

/// What connects for the sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Client {
    /// The next that begins.
    #[default]
    Next,
    /// This one, by its address. It stays there until it has told that it is done.
    At(usize),
    /// None any more.
    Done,
}

/// A socket of somebody else, who may close it at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    descriptor: RawFd,
    /// What no other socket has at the same time.
    inode: u64,
}

impl Connecting {
    /// Starts a sink that connects to this place by `start`, and watches it. Its connection is ended when an error is told on
    /// this bus.
    pub(super) fn watch<T>(host: String, port: u32, bus: &gst::Bus, start: impl FnOnce() -> T) -> (Self, T) {
        let _alone = lock(&STARTING);
        let watched = Arc::new(Watched { host, port, state: Mutex::default(), has_begun: Condvar::new() });
        watched.give_up_on_error(bus);
        let this = Self::hook(watched);
        let started = start();
        let state = lock(&this.watched.state);
        let has_begun = this.watched.has_begun.wait_timeout_while(state, BEGIN, |state| state.client == Client::Next);
        let (mut state, _) = has_begun.unwrap_or_else(PoisonError::into_inner);
        if state.client == Client::Next {
            // It would not be told from the next sink that begins.
            state.client = Client::Done;
        }
        drop(state);
        (this, started)
    }

    #[expect(unsafe_code, reason = "the bindings know of no emission hooks")]
    fn hook(watched: Arc<Watched>) -> Self {
        let data = Arc::into_raw(Arc::clone(&watched)).cast_mut().cast();
        // SAFETY: the class has a signal of this name as soon as it is there, and is never taken away; `on_event` gets `data` until
        // `let_go` does, once.
        let (signal, hook) = unsafe {
            let class = gio_sys::g_socket_client_get_type();
            gobject_ffi::g_type_class_ref(class);
            let signal = gobject_ffi::g_signal_lookup(c"event".as_ptr(), class);
            let hook = gobject_ffi::g_signal_add_emission_hook(signal, 0, Some(on_event), data, Some(let_go));
            (signal, hook)
        };
        Self { watched, signal, hook }
    }

    /// The socket of the connection, as soon as there is one.
    pub(super) fn socket(&self) -> Option<Socket> {
        lock(&self.watched.state).socket
    }

    /// Ends the connection, and any that follows. Returns whether there is one: the sink then reports an error.
    pub(super) fn give_up(&self) -> bool {
        self.watched.give_up()
    }
}

impl Drop for Connecting {
    #[expect(unsafe_code, reason = "the bindings know of no emission hooks")]
    fn drop(&mut self) {
        // SAFETY: it was added to this signal, and is removed once.
        unsafe { gobject_ffi::g_signal_remove_emission_hook(self.signal, self.hook) };
    }
}

#[expect(unsafe_code, reason = "it is called by GLib")]
unsafe extern "C" fn on_event(
    _: *mut gobject_ffi::GSignalInvocationHint,
    count: c_uint,
    values: *const gobject_ffi::GValue,
    data: glib::ffi::gpointer,
) -> glib::ffi::gboolean {
    // SAFETY: `Value` is a `GValue`, of which there are `count`; `data` is what `hook` made of an `Arc`, and not let go of yet.
    let (values, watched) =
        unsafe { (std::slice::from_raw_parts(values.cast::<glib::Value>(), count as usize), &*data.cast::<Watched>()) };
    watched.note(values);
    GTRUE
}

#[expect(unsafe_code, reason = "it is called by GLib")]
unsafe extern "C" fn let_go(data: glib::ffi::gpointer) {
    // SAFETY: this is what `hook` made of an `Arc`, and nobody gets it after this.
    drop(unsafe { Arc::from_raw(data.cast::<Watched>()) });
}

impl Watched {
    fn give_up(&self) -> bool {
        let mut state = lock(&self.state);
        state.is_given_up = true;
        state.socket.is_some_and(Socket::end)
    }

    /// What has failed before it began never does.
    fn forget_next(&self) {
        let mut state = lock(&self.state);
        if state.client == Client::Next {
            state.client = Client::Done;
            self.has_begun.notify_all();
        }
    }

    /// Ends the connection on the thread that tells of an error, before it does anything else.
    fn give_up_on_error(self: &Arc<Self>, bus: &gst::Bus) {
        let watched = Arc::clone(self);
        bus.set_sync_handler(move |_, message| {
            // Nothing of the sink is asked here: it is locked while it tells.
            if message.type_() == gst::MessageType::Error {
                watched.give_up();
                watched.forget_next();
            }
            gst::BusSyncReply::Pass
        });
    }

    /// Takes note of an event: who connects, what happens, to where, and by which connection.
    fn note(&self, values: &[glib::Value]) {
        let object = |at: usize| values.get(at)?.get::<Option<glib::Object>>().ok()?;
        let Some(connector) = object(0) else { return };
        let client = Client::At(connector.as_ptr() as usize);
        let mut state = lock(&self.state);
        if state.client == Client::Next && object(2).is_some_and(|to| self.is(&to)) && claim(&connector) {
            state.client = client;
            self.has_begun.notify_all();
        }
        if state.client != client {
            return;
        }
        // A layer above that encrypts has none.
        if let Some(socket) = object(3).and_then(|connection| Socket::of(&connection)) {
            state.socket = Some(socket);
        }
        if let Some(socket) = state.socket.filter(|_| state.is_given_up) {
            socket.end();
        }
        let event = values.get(1).and_then(glib::EnumValue::from_value).map(|(_, event)| event.value());
        if event == Some(gio_sys::G_SOCKET_CLIENT_COMPLETE) {
            state.client = Client::Done;
        }
    }

    fn is(&self, address: &glib::Object) -> bool {
        property::<Option<String>>(address, "hostname").flatten().as_ref() == Some(&self.host)
            && property::<u32>(address, "port") == Some(self.port)
    }
}

/// Marks what connects as somebody's, for as long as it is there. Returns whether it was nobody's.
#[expect(unsafe_code, reason = "marks have no types")]
fn claim(connector: &glib::Object) -> bool {
    let mark = glib::Quark::from_static_str(glib::gstr!("stream-manager-watched"));
    // SAFETY: marks of this name are set and read here alone, and are all of this type. Both is done while the events of this
    // object are told of, which they are on one thread.
    unsafe {
        if connector.qdata::<()>(mark).is_some() {
            return false;
        }
        connector.set_qdata(mark, ());
    }
    true
}

/// A property, if there is one of this name and kind.
fn property<T: for<'value> glib::value::FromValue<'value> + 'static>(of: &glib::Object, name: &str) -> Option<T> {
    of.find_property(name)?;
    of.property_value(name).get_owned().ok()
}

impl Socket {
    fn of(connection: &glib::Object) -> Option<Self> {
        let socket = property::<Option<glib::Object>>(connection, "socket").flatten()?;
        Self::behind(property::<RawFd>(&socket, "fd").filter(|descriptor| *descriptor >= 0)?)
    }

    /// What this descriptor stands for now.
    pub(super) fn behind(descriptor: RawFd) -> Option<Self> {
        Some(Self { descriptor, inode: inode(&borrowed(descriptor)?)? })
    }

    /// Another descriptor of it, if it is there still.
    pub(super) fn borrow(self) -> Option<File> {
        borrowed(self.descriptor).filter(|own| inode(own) == Some(self.inode))
    }

    /// Whether its peer has answered.
    pub(super) fn is_connected(self) -> bool {
        self.borrow().is_some_and(|own| TcpStream::from(OwnedFd::from(own)).peer_addr().is_ok())
    }

    /// Ends it in both directions, if it is there still. Returns whether it was.
    fn end(self) -> bool {
        self.borrow().is_some_and(|own| TcpStream::from(OwnedFd::from(own)).shutdown(Shutdown::Both).is_ok())
    }
}

/// Another descriptor of what this one stands for, whatever that is by now.
#[expect(unsafe_code, reason = "the descriptor belongs to the sink, who may close it")]
fn borrowed(descriptor: RawFd) -> Option<File> {
    // SAFETY: the system duplicates it if it is open, and else says that it is not; nothing is done to what it stands for.
    let own = unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned();
    own.ok().map(File::from)
}

fn inode(file: &File) -> Option<u64> {
    file.metadata().ok().map(|about| about.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of a place, as sinks give it to what connects.
    #[expect(unsafe_code, reason = "the type is registered when it is first asked for")]
    fn address(host: &str, port: u32) -> glib::Object {
        // SAFETY: nothing is passed, and a type is returned.
        let kind = unsafe { glib::translate::from_glib(gio_sys::g_network_address_get_type()) };
        glib::Object::with_mut_values(kind, &mut [("hostname", host.into()), ("port", port.into())])
    }

    #[expect(unsafe_code, reason = "the type is registered when it is first asked for")]
    fn connector() -> glib::Object {
        // SAFETY: nothing is passed, and a type is returned.
        let kind = unsafe { glib::translate::from_glib(gio_sys::g_socket_client_get_type()) };
        glib::Object::with_type(kind)
    }

    fn watched() -> Watched {
        Watched { host: "server".into(), port: 1935, state: Mutex::default(), has_begun: Condvar::new() }
    }

    /// What GLib tells of an event.
    fn event(client: &glib::Object, name: &str, to: &glib::Object) -> [glib::Value; 4] {
        let class = glib::EnumClass::with_type(glib::Type::from_name("GSocketClientEvent").unwrap()).unwrap();
        let event = class.to_value_by_nick(name).unwrap();
        [client.to_value(), event, to.to_value(), None::<glib::Object>.to_value()]
    }

    fn client(of: &Watched) -> Client {
        lock(&of.state).client
    }

    #[test]
    fn who_is_on_the_way_to_the_same_server_is_not_taken_for_who_begins_next() {
        let (first, second) = (watched(), watched());
        let (one, other) = (connector(), connector());
        let to = address("server", 1935);
        let at = |connector: &glib::Object| Client::At(connector.as_ptr() as usize);
        first.note(&event(&one, "resolving", &to));
        assert_eq!(client(&first), at(&one));
        for name in ["resolved", "connecting", "resolving"] {
            for watched in [&first, &second] {
                watched.note(&event(&one, name, &to));
            }
            assert_eq!((client(&first), client(&second)), (at(&one), Client::Next), "{name}");
        }
        second.note(&event(&other, "resolving", &address("elsewhere", 1935)));
        assert_eq!(client(&second), Client::Next);
        second.note(&event(&other, "resolving", &to));
        assert_eq!((client(&first), client(&second)), (at(&one), at(&other)));
        first.note(&event(&one, "complete", &to));
        second.note(&event(&one, "complete", &to));
        assert_eq!((client(&first), client(&second)), (Client::Done, at(&other)));
    }

    #[test]
    fn who_fails_before_it_begins_is_not_waited_for() {
        let watched = watched();
        watched.forget_next();
        assert_eq!(client(&watched), Client::Done);
        watched.note(&event(&connector(), "resolving", &address("server", 1935)));
        assert_eq!(client(&watched), Client::Done);
    }
}
