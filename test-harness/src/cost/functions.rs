//! Which functions of a module the instructions go to, exactly: a copy of the module that counts them itself.
//!
//! Each function gets a wrapper in its place, which counts calls and what was run until it returned; and each stretch of code
//! without a branch adds its length to a counter of its function, as wasmtime does for fuel. So the sums are those of
//! [`crate::host::Vm::instructions`], and do not depend on the machine either. Names are those of the module's name section, which
//! the release profile keeps; what the compiler inlined is counted where it went.

use std::ops::Range;

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    Instruction, RawSection, ValType,
};
use wasmparser::{ExternalKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef};

use crate::host::Vm;

/// A module that counts, and what its functions are called.
pub struct Counting {
    module: Vec<u8>,
    names: Vec<String>,
}

/// What one function took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name, without the digest that the compiler puts behind it.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// Instructions of its own.
    pub own: u64,
    /// With those of all it called; of a function that calls itself, more than once.
    pub with_callees: u64,
}

/// The counters of a module at one time.
#[derive(Clone, Debug, Default)]
pub struct Snapshot(Vec<[u64; 3]>);

/// Why a module cannot be made to count.
#[derive(Debug)]
pub struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the module cannot be made to count: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

impl From<wasmparser::BinaryReaderError> for Unreadable {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self(error.to_string())
    }
}

/// The kinds of counters that each function has, in this order.
const KINDS: [&str; 3] = ["calls", "own", "with callees"];

impl Counting {
    /// Makes a module count.
    ///
    /// # Errors
    /// When it is no module, or one of a kind that compilers of Rust do not make.
    pub fn new(module: &[u8]) -> Result<Self, Unreadable> {
        let read = Read::new(module)?;
        let names = read.names();
        let module = read.written()?;
        Ok(Self { module, names })
    }

    /// The module that counts.
    pub fn module(&self) -> &[u8] {
        &self.module
    }

    /// What is counted in a VM of that module by now.
    pub fn snapshot(&self, vm: &Vm) -> Snapshot {
        let of = |n: usize| KINDS.map(|kind| vm.global(&counter(kind, n)).unwrap_or_default());
        Snapshot((0..self.names.len()).map(of).collect())
    }

    /// How many allocations of the guest live now, by what was allocated and freed since the VM began to start; none when the module
    /// has no such functions by name.
    pub fn live_allocations(&self, vm: &Vm) -> Option<u64> {
        let calls = |name: &str| {
            let n = self.names.iter().position(|known| known == name)?;
            vm.global(&counter("calls", n))
        };
        let made = calls("malloc")?.saturating_add(calls("calloc")?);
        Some(made.saturating_sub(calls("free")?))
    }

    /// What each function took from one time to another; those that were not called are left out.
    pub fn between(&self, before: &Snapshot, after: &Snapshot) -> Vec<Taken> {
        let counted = before.0.iter().zip(&after.0).zip(&self.names);
        let taken = counted.map(
            |(([calls, own, all], [calls_after, own_after, all_after]), name)| Taken {
                name: name.clone(),
                calls: calls_after.saturating_sub(*calls),
                own: own_after.saturating_sub(*own),
                with_callees: all_after.saturating_sub(*all),
            },
        );
        taken.filter(|taken| taken.calls > 0 || taken.own > 0).collect()
    }
}

fn counter(kind: &str, function: usize) -> String {
    format!("count {kind} {function}")
}

/// A module, section by section.
struct Read<'a> {
    bytes: &'a [u8],
    sections: Vec<(u8, Range<usize>)>,
    /// Parameters of each type.
    types: Vec<Vec<ValType>>,
    imported_functions: u32,
    imported_globals: u32,
    globals: Vec<Range<usize>>,
    exports: Vec<(String, ExportKind, u32)>,
    /// The type of each function that is not imported.
    functions: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    named: Vec<(u32, String)>,
}

const FUNCTION: u8 = 3;
const GLOBAL: u8 = 6;
const EXPORT: u8 = 7;
const CODE: u8 = 10;

impl<'a> Read<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut read = Self {
            bytes,
            sections: Vec::new(),
            types: Vec::new(),
            imported_functions: 0,
            imported_globals: 0,
            globals: Vec::new(),
            exports: Vec::new(),
            functions: Vec::new(),
            bodies: Vec::new(),
            named: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                read.sections.push((id, range));
            }
            read.take(payload)?;
        }
        Ok(read)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<(), Unreadable> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.into_iter_err_on_gc_types() {
                    let group = group?;
                    let parameters = group.params().iter().map(|of| value_type(*of));
                    self.types.push(parameters.collect::<Result<_, _>>()?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Func(_) => self.imported_functions = self.imported_functions.saturating_add(1),
                        TypeRef::Global(_) => self.imported_globals = self.imported_globals.saturating_add(1),
                        _ => (),
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                self.functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(globals) => {
                for global in globals.into_iter_with_offsets() {
                    let (at, global) = global?;
                    let end = global.init_expr.get_binary_reader().range().end;
                    self.globals.push(at..end);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func => ExportKind::Func,
                        ExternalKind::Table => ExportKind::Table,
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global,
                        other => return Err(Unreadable(format!("an export of kind {other:?}"))),
                    };
                    self.exports.push((export.name.to_owned(), kind, export.index));
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(names) = custom.as_known() {
                    for part in names {
                        if let Name::Function(functions) = part? {
                            for naming in functions {
                                let naming = naming?;
                                self.named.push((naming.index, naming.name.to_owned()));
                            }
                        }
                    }
                }
            }
            _ => (),
        }
        Ok(())
    }

    /// The name of each function that is not imported, or its number.
    fn names(&self) -> Vec<String> {
        let name = |n: u32| {
            let index = n.saturating_add(self.imported_functions);
            let found = self.named.iter().find(|(at, _)| *at == index);
            found.map_or_else(|| format!("function {index}"), |(_, name)| readable(name))
        };
        (0..).take(self.functions.len()).map(name).collect()
    }

    /// The module that counts. Where a function was its wrapper is, so all that names a function stays as it is.
    fn written(&self) -> Result<Vec<u8>, Unreadable> {
        let mut module = wasm_encoder::Module::new();
        for (id, range) in &self.sections {
            match *id {
                FUNCTION => {
                    let mut section = FunctionSection::new();
                    for of in self.functions.iter().chain(&self.functions) {
                        section.function(*of);
                    }
                    module.section(&section);
                }
                GLOBAL => {
                    module.section(&self.global_section()?);
                }
                EXPORT => {
                    module.section(&self.export_section());
                }
                CODE => {
                    module.section(&self.code_section()?);
                }
                id => {
                    let data = self.slice(range)?;
                    module.section(&RawSection { id, data });
                }
            }
        }
        Ok(module.finish())
    }

    fn slice(&self, range: &Range<usize>) -> Result<&'a [u8], Unreadable> {
        let bytes = self.bytes.get(range.clone());
        bytes.ok_or_else(|| Unreadable("a section leads outside the file".to_owned()))
    }

    fn first_counter(&self) -> u32 {
        let own = u32::try_from(self.globals.len()).unwrap_or(u32::MAX);
        self.imported_globals.saturating_add(own)
    }

    /// The counters of a function, in the order of [`KINDS`].
    fn counters(&self, function: u32) -> [u32; 3] {
        let first = function.saturating_mul(3).saturating_add(self.first_counter());
        [first, first.saturating_add(1), first.saturating_add(2)]
    }

    /// Of all functions.
    fn total(&self) -> u32 {
        let functions = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        let [total, ..] = self.counters(functions);
        total
    }

    fn global_section(&self) -> Result<GlobalSection, Unreadable> {
        let mut section = GlobalSection::new();
        for range in &self.globals {
            section.raw(self.slice(range)?);
        }
        let counter = GlobalType {
            val_type: ValType::I64,
            mutable: true,
            shared: false,
        };
        for _ in self.first_counter()..=self.total() {
            section.global(counter, &ConstExpr::i64_const(0));
        }
        Ok(section)
    }

    fn export_section(&self) -> ExportSection {
        let mut section = ExportSection::new();
        for (name, kind, index) in &self.exports {
            section.export(name, *kind, *index);
        }
        for (n, function) in (0..).zip(0..self.functions.len()) {
            for (kind, index) in KINDS.iter().zip(self.counters(n)) {
                section.export(&counter(kind, function), ExportKind::Global, index);
            }
        }
        section
    }

    fn code_section(&self) -> Result<CodeSection, Unreadable> {
        let mut section = CodeSection::new();
        for (n, of) in (0..).zip(&self.functions) {
            let parameters = usize::try_from(*of).ok().and_then(|of| self.types.get(of));
            let parameters = parameters.ok_or_else(|| Unreadable("a function without a type".to_owned()))?;
            section.function(&self.wrapper(n, parameters.len()));
        }
        for (n, body) in (0..).zip(&self.bodies) {
            section.raw(&self.counted(n, body)?);
        }
        Ok(section)
    }

    /// Calls the function, and counts.
    fn wrapper(&self, n: u32, parameters: usize) -> Function {
        let parameters = u32::try_from(parameters).unwrap_or(u32::MAX);
        let inner = self
            .imported_functions
            .saturating_add(u32::try_from(self.functions.len()).unwrap_or(u32::MAX))
            .saturating_add(n);
        let [calls, _, with_callees] = self.counters(n);
        let mut function = Function::new([(1, ValType::I64)]);
        add(&mut function, calls, 1);
        function.instruction(&Instruction::GlobalGet(self.total()));
        function.instruction(&Instruction::LocalSet(parameters));
        for parameter in 0..parameters {
            function.instruction(&Instruction::LocalGet(parameter));
        }
        function.instruction(&Instruction::Call(inner));
        for instruction in [
            Instruction::GlobalGet(with_callees),
            Instruction::GlobalGet(self.total()),
            Instruction::LocalGet(parameters),
            Instruction::I64Sub,
            Instruction::I64Add,
            Instruction::GlobalSet(with_callees),
            Instruction::End,
        ] {
            function.instruction(&instruction);
        }
        function
    }

    /// The function with its counting: before each operator behind which others may come than the next.
    fn counted(&self, n: u32, body: &FunctionBody<'a>) -> Result<Vec<u8>, Unreadable> {
        let [_, own, _] = self.counters(n);
        let mut operators = body.get_operators_reader()?;
        let range = body.range();
        let mut copied = range.start;
        let mut bytes = Vec::new();
        let mut pending = 0;
        while !operators.eof() {
            let at = operators.original_position();
            let operator = operators.read()?;
            pending += cost(&operator);
            if turns(&operator) && pending > 0 {
                bytes.extend_from_slice(self.slice(&(copied..at))?);
                copied = at;
                let mut counting = Function::new([]);
                add(&mut counting, own, pending);
                add(&mut counting, self.total(), pending);
                // The first byte is the empty list of locals.
                bytes.extend(counting.into_raw_body().into_iter().skip(1));
                pending = 0;
            }
        }
        bytes.extend_from_slice(self.slice(&(copied..range.end))?);
        Ok(bytes)
    }
}

fn add(function: &mut Function, counter: u32, much: i64) {
    function.instruction(&Instruction::GlobalGet(counter));
    function.instruction(&Instruction::I64Const(much));
    function.instruction(&Instruction::I64Add);
    function.instruction(&Instruction::GlobalSet(counter));
}

/// As wasmtime counts: what makes no machine code costs nothing.
fn cost(operator: &Operator<'_>) -> i64 {
    i64::from(!matches!(
        operator,
        Operator::Nop
            | Operator::Drop
            | Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::Unreachable
            | Operator::Return
            | Operator::Else
            | Operator::End
    ))
}

/// Whether other code may follow than what stands behind it, or may come to what stands behind it.
fn turns(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
    )
}

fn value_type(of: wasmparser::ValType) -> Result<ValType, Unreadable> {
    match of {
        wasmparser::ValType::I32 => Ok(ValType::I32),
        wasmparser::ValType::I64 => Ok(ValType::I64),
        wasmparser::ValType::F32 => Ok(ValType::F32),
        wasmparser::ValType::F64 => Ok(ValType::F64),
        other => Err(Unreadable(format!("a parameter of type {other}"))),
    }
}

/// As its author wrote it, without the compiler's digest.
fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
