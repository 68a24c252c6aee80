//! A worker with the filter, the steps that chance takes in it, and what must hold after each.

use super::dice::Dice;
use super::pools::{CONFIGURATIONS, FORGED, Pools};
use layerprint_harness::host::{
    Action, Client, Ending, Exchange, Headers, HostError, Module, Plugin, Proxy, Role, TcpStream, Vm,
};
use std::time::Duration;

/// Connections, and requests, at a time.
const AT_ONCE: usize = 6;
/// What the filter may be slow by, many times over.
const LONG: Duration = Duration::from_secs(120);

/// In which order phases run.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Order {
    /// As Envoy runs them.
    Envoys,
    /// In any, for as long as a stream lives.
    Any,
}

pub(crate) struct World<'a> {
    pools: &'a Pools,
    order: Order,
    pub(crate) proxy: Proxy,
    pub(crate) vm: Vm,
    roles: Vec<Roles>,
    connections: Vec<(Client, TcpStream)>,
    exchanges: Vec<Exchange>,
    pub(crate) steps: usize,
    accepted: u64,
    updates: bool,
}

#[derive(Clone)]
struct Roles {
    connection: Role,
    request: Role,
}

/// A phase that may be out of turn, or whose stream may be over: then nothing happened.
fn unless_out_of_turn<T>(result: Result<T, HostError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(HostError::OutOfTurn { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

impl<'a> World<'a> {
    pub(crate) fn new(module: &Module, pools: &'a Pools, order: Order, configuration: &str) -> Self {
        let proxy = Proxy::new();
        let vm = proxy.vm(module, "layerprint").unwrap();
        if order == Order::Any {
            vm.allow_any_order();
        }
        let mut world = Self {
            pools,
            order,
            proxy,
            vm,
            roles: Vec::new(),
            connections: Vec::new(),
            exchanges: Vec::new(),
            steps: 0,
            accepted: 0,
            updates: true,
        };
        world.configure(configuration);
        world
    }

    /// New plugins in the same VM: an update. Streams of the old ones live on.
    fn configure(&mut self, configuration: &str) {
        let plugin = |root_id| Plugin::new(root_id).configuration(configuration);
        self.roles.push(Roles {
            connection: self.vm.start(plugin("connection")).unwrap(),
            request: self.vm.start(plugin("request")).unwrap(),
        });
    }

    /// No update comes by chance.
    pub(crate) fn without_updates(mut self) -> Self {
        self.updates = false;
        self
    }

    /// More clients than are remembered come, each from an address and with a session of its own, over connections of which the
    /// network role is not told.
    pub(crate) fn fill(&mut self) {
        let role = self.role().request;
        let real = &self.pools.clients[0];
        for n in 0..5_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            let from = real.connection.clone().source(&format!("10.{b}.{c}.{a}:4000"));
            let mut request = real.request.clone();
            request.add("cookie", format!("session={n}"));
            let client = self.proxy.accept(from);
            self.vm.request(&role, &client, request).unwrap().finish().unwrap();
        }
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    fn accept(&mut self, dice: &mut Dice) -> Client {
        self.accepted += 1;
        self.proxy.accept(self.pools.connection(dice))
    }

    fn role(&self) -> Roles {
        self.roles.last().unwrap().clone()
    }

    /// One step, whatever it is.
    pub(crate) fn step(&mut self, dice: &mut Dice) {
        self.steps += 1;
        match dice.below(100) {
            0..10 => self.connect(dice),
            10..28 => self.data(dice),
            28..34 => self.end_connection(dice),
            34..56 => self.request(dice),
            56..72 => self.go_on(dice),
            72..82 => self.end_request(dice),
            82..88 => self.time_passes(dice),
            88..93 => self.others_write(dice),
            93..99 => self.change_what_is_known(dice),
            _ if self.updates && dice.once_in(8) => self.update_to(CONFIGURATIONS[dice.below(CONFIGURATIONS.len())]),
            _ => (),
        }
        assert!(self.vm.is_alive());
    }

    fn connect(&mut self, dice: &mut Dice) {
        if self.connections.len() == AT_ONCE {
            let (_, tcp) = self.connections.remove(dice.below(AT_ONCE));
            tcp.close().unwrap();
        }
        let client = self.accept(dice);
        let role = self.role().connection;
        let tcp = if self.order == Order::Any && dice.once_in(2) {
            self.vm.attach(&role, &client)
        } else {
            self.vm.open(&role, &client)
        };
        self.connections.push((client, tcp.unwrap()));
    }

    fn data(&mut self, dice: &mut Dice) {
        let Some((_, tcp)) = self.connections.get(dice.below(AT_ONCE)) else {
            return;
        };
        let data = self.pools.data(dice);
        let _: Option<Action> = unless_out_of_turn(match dice.below(12) {
            0 => tcp.downstream_end(data),
            1 => tcp.upstream(data),
            2 => tcp.upstream_end(data),
            3 if self.order == Order::Any => tcp.established(),
            4 => data
                .chunks(7)
                .map(|piece| tcp.downstream(piece))
                .collect::<Result<Vec<_>, _>>()
                .map(|_| Action::Continue),
            _ => tcp.downstream(data),
        });
    }

    fn end_connection(&mut self, dice: &mut Dice) {
        let at = dice.below(AT_ONCE);
        let Some((_, tcp)) = self.connections.get(at) else {
            return;
        };
        match dice.below(6) {
            0 => tcp.close_by_proxy().unwrap(),
            1 if self.order == Order::Any => tcp.end_by(Ending::Log).unwrap(),
            2 if self.order == Order::Any => tcp.end_by(Ending::Done).unwrap(),
            3 if self.order == Order::Any => tcp.end_by(Ending::Close).unwrap(),
            4 if self.order == Order::Any => tcp.end_by(Ending::Delete).unwrap(),
            _ => tcp.close().unwrap(),
        }
        if !tcp.is_open() {
            self.connections.remove(at);
        }
    }

    /// On a connection that is known, or on one of which the network role was not told.
    fn request(&mut self, dice: &mut Dice) {
        if self.exchanges.len() == AT_ONCE {
            self.exchanges.remove(dice.below(AT_ONCE)).finish().unwrap();
        }
        let client = match self.connections.get(dice.below(AT_ONCE)) {
            Some((client, _)) => client.clone(),
            None => self.accept(dice),
        };
        let role = self.role().request;
        if self.order == Order::Any && dice.once_in(3) {
            self.exchanges.push(self.vm.attach_request(&role, &client).unwrap());
            return;
        }
        let exchange = self.vm.request(&role, &client, self.pools.request(dice)).unwrap();
        passed_unforged(&exchange, exchange.action());
        self.exchanges.push(exchange);
    }

    fn go_on(&mut self, dice: &mut Dice) {
        let Some(exchange) = self.exchanges.get(dice.below(AT_ONCE)) else {
            return;
        };
        let action = unless_out_of_turn(match dice.below(9) {
            0 | 1 => exchange.respond(self.pools.response(dice)),
            2 => exchange.respond_body_part(dice.bytes(90)),
            3 => exchange.respond_body(dice.bytes(90)),
            4 => exchange.respond_trailers(self.pools.trailers(dice)),
            5 => exchange.body_part(dice.bytes(90)),
            6 => exchange.body(dice.bytes(90)),
            7 if self.order == Order::Any => {
                let action = unless_out_of_turn(exchange.begin(self.pools.request(dice)));
                passed_unforged(exchange, action.unwrap_or(Action::Pause));
                return;
            }
            _ => {
                let action = unless_out_of_turn(exchange.trailers(self.pools.trailers(dice)));
                if action == Some(Action::Continue) {
                    unforged(&exchange.upstream_trailers().unwrap_or_default());
                }
                return;
            }
        });
        let _: Option<Action> = action;
    }

    fn end_request(&mut self, dice: &mut Dice) {
        let at = dice.below(AT_ONCE);
        let Some(exchange) = self.exchanges.get(at) else {
            return;
        };
        let ending = [Ending::Log, Ending::Done, Ending::Delete][dice.below(3)];
        if self.order == Order::Any && dice.once_in(2) {
            exchange.end_by(ending).unwrap();
            if ending != Ending::Delete {
                return;
            }
        } else {
            line_is_json(exchange);
            exchange.finish().unwrap();
        }
        self.exchanges.remove(at);
    }

    fn time_passes(&mut self, dice: &mut Dice) {
        match dice.below(6) {
            0 => self.role().request.tick().unwrap(),
            1 => self.role().connection.tick().unwrap(),
            2 => {
                // Set back.
                let back = Duration::from_secs(u64::try_from(dice.below(5_000)).unwrap());
                self.proxy.set_time(self.proxy.time().saturating_sub(back));
            }
            3 => self
                .vm
                .elapse(Duration::from_secs(u64::try_from(dice.below(40)).unwrap()))
                .unwrap(),
            _ => self
                .vm
                .elapse(Duration::from_millis(u64::try_from(dice.below(900)).unwrap()))
                .unwrap(),
        }
    }

    fn others_write(&mut self, dice: &mut Dice) {
        let keys = self.proxy.shared_keys("layerprint");
        if dice.once_in(3) || keys.is_empty() {
            self.proxy.contend(u32::try_from(dice.below(4)).unwrap());
            return;
        }
        let key = dice.of(&keys);
        let value = self.proxy.shared_data("layerprint", key).unwrap_or_default();
        self.proxy.set_shared_data("layerprint", key, dice.bent(&value));
    }

    fn change_what_is_known(&mut self, dice: &mut Dice) {
        let path = self.pools.property(dice);
        let Some((client, _)) = self.connections.get(dice.below(AT_ONCE)) else {
            return;
        };
        match (path, dice.below(3)) {
            (path, 0) => client.fail_property(path),
            (["filter_state", key], _) => client.set_filter_state(key, dice.bytes(60)),
            (path, _) => client.set_property(path, dice.bytes(30)),
        }
    }

    /// The old plugins end when their streams have, as in Envoy; in any order, now.
    pub(crate) fn update_to(&mut self, configuration: &str) {
        let old = self.role();
        self.configure(configuration);
        if self.order == Order::Any || (self.connections.is_empty() && self.exchanges.is_empty()) {
            self.roles.retain(|roles| roles.request.id() != old.request.id());
            old.connection.shut_down().unwrap();
            old.request.shut_down().unwrap();
        }
    }

    /// All streams end, and only the plugins are left.
    pub(crate) fn end(&mut self) {
        if self.order == Order::Envoys {
            self.vm.elapse(LONG).unwrap();
            // The host's ticks go by the clock that was set back; a proxy's do not.
            for roles in &self.roles {
                roles.request.tick().unwrap();
            }
            for exchange in &self.exchanges {
                assert!(!exchange.is_paused(), "a request waits for ever");
            }
        }
        self.exchanges.drain(..).for_each(|exchange| exchange.finish().unwrap());
        self.connections.drain(..).for_each(|(_, tcp)| tcp.close().unwrap());
        let current = self.roles.pop().unwrap();
        for old in self.roles.drain(..) {
            old.connection.shut_down().unwrap();
            old.request.shut_down().unwrap();
        }
        self.roles.push(current);
        assert_eq!(self.vm.contexts(), 2, "streams are left");
        self.proxy.contend(0);
    }
}

/// A request that goes on has none of our headers from its client, and none of ours twice.
fn passed_unforged(exchange: &Exchange, action: Action) {
    if action == Action::Continue {
        unforged(&exchange.upstream_headers());
        line_is_json(exchange);
    }
}

fn unforged(headers: &Headers) {
    let mut ours: Vec<String> = headers.names();
    ours.retain(|name| name.starts_with("x-layerprint"));
    for name in &ours {
        let values = headers.all(name);
        assert_eq!(values.len(), 1, "{name} comes twice: {headers:?}");
        let value = String::from_utf8_lossy(values[0]);
        assert!(!value.contains(FORGED), "{name}: {value}");
        assert!(!name.ends_with("-") && !name.ends_with("of-tomorrow"), "{name}");
    }
}

/// What the access log gets is JSON on one line.
fn line_is_json(exchange: &Exchange) {
    if let Some(line) = exchange.filter_state("wasm.layerprint") {
        assert!(!line.contains(&b'\n'));
        serde_json::from_slice::<serde_json::Value>(&line).unwrap();
    }
}
