//! eBPF instructions by name, with labels to jump to (RFC 9669).
//!
//! Only what the program needs: loads, 64-bit arithmetic with constants, forward jumps, calls.

use std::fmt;

/// The ten registers by what calls and the program use them for (RFC 9669 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Register {
    Result = 0,
    /// Arguments of calls, which calls overwrite; the first holds the context when a program starts.
    Argument1 = 1,
    Argument2 = 2,
    Argument3 = 3,
    Scratch = 4,
    /// Calls keep the others.
    Context = 6,
    Packet = 7,
    End = 8,
    Udp = 9,
}

/// How many octets a load takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Width {
    Octet = 0x10,
    Half = 0x08,
    Word = 0x00,
    Double = 0x18,
}

/// When a jump is taken; comparisons are of unsigned numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum If {
    Equal = 0x10,
    NotEqual = 0x50,
    Above = 0x20,
    Below = 0xA0,
    /// Any of these bits is set.
    AnyOf = 0x40,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(usize);

/// As the kernel reads it (RFC 9669 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Instruction {
    pub opcode: u8,
    /// Destination and source, four bits each.
    pub registers: u8,
    pub offset: i16,
    pub immediate: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssemblyError {
    /// A jump to a label that was never placed, or placed before the jump.
    NotAhead(Label),
    /// Jumps reach 32,767 instructions.
    TooFar(Label),
}

impl fmt::Display for AssemblyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAhead(Label(label)) => write!(f, "label {label} is not ahead of a jump to it"),
            Self::TooFar(Label(label)) => write!(f, "label {label} is too far from a jump to it"),
        }
    }
}

mod opcode {
    pub const LOAD_IMMEDIATE: u8 = 0x18;
    pub const LOAD_MEMORY: u8 = 0x61;
    pub const ADD: u8 = 0x07;
    pub const SUBTRACT: u8 = 0x17;
    pub const AND: u8 = 0x57;
    pub const MOVE: u8 = 0xB7;
    pub const MOVE_REGISTER: u8 = 0xBF;
    pub const SWAP_TO_BIG_ENDIAN: u8 = 0xDC;
    pub const JUMP: u8 = 0x05;
    /// Compares all 64 bits, or the lower 32.
    pub const JUMP_IF_64: u8 = 0x05;
    pub const JUMP_IF_32: u8 = 0x06;
    /// The operand is a register, not a constant.
    pub const REGISTER: u8 = 0x08;
    pub const CALL: u8 = 0x85;
    pub const EXIT: u8 = 0x95;
}
/// In the source register of `LOAD_IMMEDIATE`: the constant is the descriptor of a map.
const MAP: u8 = 1;

#[derive(Debug, Default)]
pub(super) struct Assembler {
    instructions: Vec<Instruction>,
    /// Where each label stands, once it was placed.
    labels: Vec<Option<usize>>,
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Jumps to `label` lead to the next instruction.
    pub fn place(&mut self, label: Label) {
        let here = self.instructions.len();
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(here);
        }
    }

    /// `to` becomes what lies `offset` octets behind the address in `from`.
    pub fn load(&mut self, width: Width, to: Register, from: Register, offset: i16) {
        let opcode = opcode::LOAD_MEMORY | width as u8;
        self.push(opcode, to as u8, from as u8, offset, 0);
    }

    /// A constant of 64 bits takes two instructions.
    pub fn load_constant(&mut self, to: Register, value: u64) {
        self.load_wide(to, 0, value);
    }

    pub fn load_map(&mut self, to: Register, descriptor: i32) {
        self.load_wide(to, MAP, descriptor as u32 as u64);
    }

    pub fn copy(&mut self, to: Register, from: Register) {
        self.push(opcode::MOVE_REGISTER, to as u8, from as u8, 0, 0);
    }

    pub fn set(&mut self, to: Register, value: i32) {
        self.push(opcode::MOVE, to as u8, 0, 0, value);
    }

    pub fn add(&mut self, to: Register, value: i32) {
        self.push(opcode::ADD, to as u8, 0, 0, value);
    }

    pub fn subtract(&mut self, from: Register, value: i32) {
        self.push(opcode::SUBTRACT, from as u8, 0, 0, value);
    }

    pub fn and(&mut self, with: Register, value: i32) {
        self.push(opcode::AND, with as u8, 0, 0, value);
    }

    /// Makes a number of what lies in `register` in the network's order of 16 bits.
    pub fn swap_network_half(&mut self, register: Register) {
        self.push(opcode::SWAP_TO_BIG_ENDIAN, register as u8, 0, 0, 16);
    }

    pub fn jump(&mut self, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.push(opcode::JUMP, 0, 0, 0, 0);
    }

    /// Compares the lower 32 bits, which is all that narrow loads fill.
    pub fn jump_if(&mut self, left: Register, condition: If, right: u32, label: Label) {
        let opcode = opcode::JUMP_IF_32 | condition as u8;
        self.jumps.push((self.instructions.len(), label));
        self.push(opcode, left as u8, 0, 0, right as i32);
    }

    pub fn jump_if_register(
        &mut self,
        left: Register,
        condition: If,
        right: Register,
        label: Label,
    ) {
        let opcode = opcode::JUMP_IF_64 | opcode::REGISTER | condition as u8;
        self.jumps.push((self.instructions.len(), label));
        self.push(opcode, left as u8, right as u8, 0, 0);
    }

    /// `helper` is its number in the kernel's `bpf.h`.
    pub fn call(&mut self, helper: i32) {
        self.push(opcode::CALL, 0, 0, 0, helper);
    }

    pub fn exit(&mut self) {
        self.push(opcode::EXIT, 0, 0, 0, 0);
    }

    pub fn finish(mut self) -> Result<Vec<Instruction>, AssemblyError> {
        for (at, label) in self.jumps {
            let place = self.labels.get(label.0).copied().flatten();
            let distance = place.and_then(|place| place.checked_sub(at + 1));
            let distance = distance.ok_or(AssemblyError::NotAhead(label))?;
            if let Some(instruction) = self.instructions.get_mut(at) {
                instruction.offset =
                    i16::try_from(distance).map_err(|_| AssemblyError::TooFar(label))?;
            }
        }
        Ok(self.instructions)
    }

    fn load_wide(&mut self, to: Register, kind: u8, value: u64) {
        self.push(opcode::LOAD_IMMEDIATE, to as u8, kind, 0, value as i32);
        self.push(0, 0, 0, 0, (value >> 32) as i32);
    }

    fn push(&mut self, opcode: u8, to: u8, from: u8, offset: i16, immediate: i32) {
        let registers = match cfg!(target_endian = "big") {
            true => to << 4 | from,
            false => from << 4 | to,
        };
        self.instructions.push(Instruction {
            opcode,
            registers,
            offset,
            immediate,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Register::{Argument1, Packet, Result, Scratch};

    fn octets(assembler: Assembler) -> Vec<[u8; 8]> {
        let instructions = assembler.finish().unwrap();
        let encoded = instructions.iter().map(|one| {
            let [low, high] = one.offset.to_le_bytes();
            let [a, b, c, d] = one.immediate.to_le_bytes();
            [one.opcode, one.registers, low, high, a, b, c, d]
        });
        encoded.collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn instructions_are_encoded_as_the_kernels_own_tools_do() {
        let mut a = Assembler::new();
        a.load(Width::Half, Scratch, Packet, 12);
        a.load(Width::Double, Scratch, Packet, -8);
        a.load_constant(Argument1, 0x1122_3344_5566_7788);
        a.load_map(Argument1, 5);
        a.copy(Result, Packet);
        a.set(Result, 2);
        a.swap_network_half(Scratch);
        a.call(51);
        a.exit();
        let expected = [
            [0x69, 0x74, 12, 0, 0, 0, 0, 0],            // r4 = *(u16 *)(r7 + 12)
            [0x79, 0x74, 0xF8, 0xFF, 0, 0, 0, 0],       // r4 = *(u64 *)(r7 - 8)
            [0x18, 0x01, 0, 0, 0x88, 0x77, 0x66, 0x55], // r1 = 0x1122334455667788 ll
            [0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11],
            [0x18, 0x11, 0, 0, 5, 0, 0, 0], // r1 = map[fd 5]
            [0; 8],
            [0xBF, 0x70, 0, 0, 0, 0, 0, 0],  // r0 = r7
            [0xB7, 0x00, 0, 0, 2, 0, 0, 0],  // r0 = 2
            [0xDC, 0x04, 0, 0, 16, 0, 0, 0], // r4 = be16 r4
            [0x85, 0x00, 0, 0, 51, 0, 0, 0], // call 51
            [0x95, 0x00, 0, 0, 0, 0, 0, 0],  // exit
        ];
        assert_eq!(octets(a), expected);
    }

    #[test]
    fn a_jump_counts_the_instructions_it_leaves_out() {
        let mut a = Assembler::new();
        let (near, far) = (a.label(), a.label());
        a.jump_if(Scratch, If::Equal, 7, far);
        a.jump_if_register(Packet, If::Above, Scratch, near);
        a.place(near);
        a.set(Result, 1);
        a.place(far);
        a.exit();
        let offsets: Vec<_> = a.finish().unwrap().iter().map(|one| one.offset).collect();
        assert_eq!(offsets, [2, 0, 0, 0]);
    }

    #[test]
    fn a_jump_needs_its_label_ahead() {
        let mut never_placed = Assembler::new();
        let label = never_placed.label();
        never_placed.jump(label);
        assert_eq!(never_placed.finish(), Err(AssemblyError::NotAhead(label)));

        let mut behind = Assembler::new();
        let label = behind.label();
        behind.place(label);
        behind.jump(label);
        assert_eq!(behind.finish(), Err(AssemblyError::NotAhead(label)));
    }

    #[test]
    fn a_jump_too_far_is_refused() {
        let mut a = Assembler::new();
        let label = a.label();
        a.jump(label);
        (0..=i16::MAX).for_each(|_| a.exit());
        a.place(label);
        assert_eq!(a.finish(), Err(AssemblyError::TooFar(label)));
    }
}
