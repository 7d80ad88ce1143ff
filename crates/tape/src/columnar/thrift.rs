//! Thrift's compact protocol, as far as Parquet's headers need it.

/// A field of a struct: its number and its value.
pub(super) type Field<'b> = (i16, Value<'b>);

/// Nesting that a file may have; Parquet needs eight levels.
const DEPTH_MAX: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'b> {
    Bool(bool),
    /// A number of 8 bits.
    Byte(i8),
    I32(i32),
    I64(i64),
    Bytes(&'b [u8]),
    List(Vec<Value<'b>>),
    Struct(Vec<Field<'b>>),
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

impl<'b> Value<'b> {
    /// A text.
    pub(super) const fn text(text: &'b str) -> Self {
        Self::Bytes(text.as_bytes())
    }

    /// The field of a struct.
    pub(super) fn get(&self, id: i16) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|(other, _)| *other == id).map(|(_, value)| value)
    }

    /// The elements of a field that is a list.
    pub(super) fn list(&self, id: i16) -> Option<&[Self]> {
        match self.get(id) {
            Some(Self::List(values)) => Some(values),
            _ => None,
        }
    }

    /// A field that is a whole number.
    pub(super) fn int(&self, id: i16) -> Option<i64> {
        match self.get(id)? {
            Self::Byte(value) => Some(i64::from(*value)),
            Self::I32(value) => Some(i64::from(*value)),
            Self::I64(value) => Some(*value),
            Self::Bool(_) | Self::Bytes(_) | Self::List(_) | Self::Struct(_) => None,
        }
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Bool(true) => TRUE,
            Self::Bool(false) => FALSE,
            Self::Byte(_) => BYTE,
            Self::I32(_) => I32,
            Self::I64(_) => I64,
            Self::Bytes(_) => BINARY,
            Self::List(_) => LIST,
            Self::Struct(_) => STRUCT,
        }
    }

    /// Writes the value without its kind.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            // A field has its boolean in its kind.
            Self::Bool(_) => {}
            Self::Byte(value) => out.push(value.to_le_bytes()[0]),
            Self::I32(value) => write_int(out, i64::from(*value)),
            Self::I64(value) => write_int(out, *value),
            Self::Bytes(bytes) => {
                write_varint(out, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Self::List(values) => {
                let kind = values.first().map_or(BYTE, Self::kind);
                match u8::try_from(values.len()) {
                    Ok(count) if count < 15 => out.push(count << 4 | kind),
                    _ => {
                        out.push(0xf0 | kind);
                        write_varint(out, values.len() as u64);
                    }
                }
                for value in values {
                    value.write(out);
                }
            }
            Self::Struct(fields) => {
                let mut last = 0;
                for (id, value) in fields {
                    // Field numbers of Parquet ascend in small steps.
                    let step = u8::try_from(id - last).unwrap_or(15).min(15);
                    out.push(step << 4 | value.kind());
                    value.write(out);
                    last = *id;
                }
                out.push(0);
            }
        }
    }
}

fn write_int(out: &mut Vec<u8>, value: i64) {
    write_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Reads a struct from the front of `bytes` and tells how long it was; `None` for what is no struct.
pub(super) fn read_struct(bytes: &[u8]) -> Option<(Value<'_>, usize)> {
    let mut reader = Reader { rest: bytes };
    let value = reader.structure(0)?;
    Some((value, bytes.len() - reader.rest.len()))
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn value(&mut self, kind: u8, depth: usize) -> Option<Value<'b>> {
        if depth > DEPTH_MAX {
            return None;
        }
        Some(match kind {
            TRUE => Value::Bool(true),
            FALSE => Value::Bool(false),
            BYTE => Value::Byte(i8::from_le_bytes([self.byte()?])),
            I16 | I32 => Value::I32(i32::try_from(self.int()?).ok()?),
            I64 => Value::I64(self.int()?),
            DOUBLE => Value::Bytes(self.take(8)?),
            BINARY => {
                let count = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(count)?)
            }
            LIST | SET => self.list(depth)?,
            STRUCT => self.structure(depth)?,
            _ => return None,
        })
    }

    fn list(&mut self, depth: usize) -> Option<Value<'b>> {
        let head = self.byte()?;
        let kind = head & 0x0f;
        let count = match head >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            count => usize::from(count),
        };
        // Every element has a byte at least.
        if count > self.rest.len() {
            return None;
        }
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(match kind {
                TRUE | FALSE => Value::Bool(self.byte()? == TRUE),
                kind => self.value(kind, depth + 1)?,
            });
        }
        Some(Value::List(values))
    }

    fn structure(&mut self, depth: usize) -> Option<Value<'b>> {
        let mut fields = Vec::new();
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(Value::Struct(fields));
            }
            id = match head >> 4 {
                0 => i16::try_from(self.int()?).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            fields.push((id, self.value(head & 0x0f, depth + 1)?));
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}
