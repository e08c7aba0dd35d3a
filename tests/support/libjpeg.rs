//! Reads JPEG files to the same bytes as libjpeg-turbo, through which OpenCV read the pictures of the reference.
//!
//! Decoders may differ by one or two in rounding, and ours (zune-jpeg) does in a fifth of the bytes. On a near profile YuNet's landmarks
//! move by half a pixel for that: adding +-1 to a fifth of the bytes of golden picture 06 gives cosines of 0.986 to 0.999 to itself. What
//! compares detectors and encoders must therefore begin from the same bytes. Only what the golden pictures are is read: baseline, three
//! components, chroma at half the size both ways, no restarts.
//!
//! The inverse DCT is libjpeg's `jidctint.c` (Loeffler, Ligtenberg, Moschytz 1989), the upsampling `h2v2_fancy_upsample` of `jdsample.c`,
//! the colours `jdcolor.c`.

/// Width, height and R, G, B bytes.
pub fn read(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut quantisers = vec![[0i32; 64]; 4];
    let mut trees = vec![Tree::default(); 32];
    let (mut width, mut height, mut which) = (0, 0, [0; 3]);
    let mut at = 2;
    loop {
        let (marker, length) = (bytes[at + 1], usize::from(bytes[at + 2]) << 8 | usize::from(bytes[at + 3]));
        let mut body = &bytes[at + 4..at + 2 + length];
        at += 2 + length;
        match marker {
            0xDB => {
                while let Some((id, rest)) = body.split_first() {
                    assert!(*id < 4, "8-bit quantisers");
                    for (k, value) in rest[..64].iter().enumerate() {
                        quantisers[usize::from(*id)][ZIGZAG[k]] = i32::from(*value);
                    }
                    body = &rest[64..];
                }
            }
            0xC4 => {
                while let Some((id, rest)) = body.split_first() {
                    let count: usize = rest[..16].iter().map(|n| usize::from(*n)).sum();
                    trees[usize::from(*id)] = Tree::new(&rest[..16], &rest[16..16 + count]);
                    body = &rest[16 + count..];
                }
            }
            0xC0 => {
                let two = |i: usize| usize::from(body[i]) << 8 | usize::from(body[i + 1]);
                (height, width) = (two(1), two(3));
                assert_eq!((body[5], body[7], body[10], body[13]), (3, 0x22, 0x11, 0x11), "three components, chroma halved both ways");
                which = [body[8], body[11], body[14]].map(usize::from);
            }
            0xDA => {
                let tables = [body[2], body[4], body[6]].map(|t| (usize::from(t >> 4), 16 + usize::from(t & 15)));
                let mut bits = Bits { bytes: &bytes[at..], at: 0, held: 0, count: 0 };
                let planes = scan(&mut bits, (width, height), |c| (&quantisers[which[c]], &trees[tables[c].0], &trees[tables[c].1]));
                return (width, height, to_rgb(width, height, &planes));
            }
            0xC1..=0xCF | 0xDD => panic!("not baseline, or with restarts: marker {marker:02x}"),
            _ => {}
        }
    }
}

#[derive(Clone, Default)]
struct Tree {
    /// For each length: first code, one past the last code, place of the first symbol.
    lengths: Vec<(i32, i32, i32)>,
    symbols: Vec<u8>,
}

impl Tree {
    fn new(counts: &[u8], symbols: &[u8]) -> Tree {
        let (mut code, mut place) = (0, 0);
        let mut lengths = Vec::new();
        for count in counts.iter().map(|n| i32::from(*n)) {
            lengths.push((code, code + count, place));
            place += count;
            code = (code + count) << 1;
        }
        Tree { lengths, symbols: symbols.to_vec() }
    }
}

struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> i32 {
        while self.count < count {
            let byte = self.bytes[self.at];
            self.at += if byte == 0xFF && self.bytes[self.at + 1] == 0 { 2 } else { 1 };
            (self.held, self.count) = (self.held << 8 | u32::from(byte), self.count + 8);
        }
        self.count -= count;
        let value = self.held >> self.count & ((1 << count) - 1);
        self.held &= (1 << self.count) - 1;
        value as i32
    }

    fn symbol(&mut self, tree: &Tree) -> u8 {
        let mut code = 0;
        for (first, end, place) in &tree.lengths {
            code = code << 1 | self.take(1);
            if code < *end {
                return tree.symbols[(place + code - first) as usize];
            }
        }
        panic!("no such code");
    }

    /// A number of so many bits, the upper half of its range standing for itself, the lower for negatives.
    fn number(&mut self, bits: u32) -> i32 {
        if bits == 0 {
            return 0;
        }
        let value = self.take(bits);
        if value < 1 << (bits - 1) { value - (1 << bits) + 1 } else { value }
    }
}

struct Plane {
    stride: usize,
    values: Vec<u8>,
}

fn scan<'t>(
    bits: &mut Bits<'_>,
    (width, height): (usize, usize),
    tables: impl Fn(usize) -> (&'t [i32; 64], &'t Tree, &'t Tree),
) -> Vec<Plane> {
    let (across, down) = (width.div_ceil(16), height.div_ceil(16));
    let mut planes: Vec<Plane> =
        [16, 8, 8].map(|n| Plane { stride: across * n, values: vec![0; across * n * down * n] }).into_iter().collect();
    let mut last = [0; 3];
    for mcu in 0..across * down {
        for (c, plane) in planes.iter_mut().enumerate() {
            let side = if c == 0 { 2 } else { 1 };
            for block in 0..side * side {
                let (quantiser, dc, ac) = tables(c);
                let mut values = [0i32; 64];
                let size = bits.symbol(dc);
                last[c] += bits.number(u32::from(size));
                values[0] = last[c] * quantiser[0];
                let mut k = 1;
                while k < 64 {
                    let symbol = bits.symbol(ac);
                    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                    if size == 0 && run != 15 {
                        break;
                    }
                    k += run;
                    if size > 0 {
                        values[ZIGZAG[k]] = bits.number(size) * quantiser[ZIGZAG[k]];
                    }
                    k += 1;
                }
                let (x, y) = ((mcu % across * side + block % side) * 8, (mcu / across * side + block / side) * 8);
                for (i, value) in inverse_dct(&values).into_iter().enumerate() {
                    plane.values[(y + i / 8) * plane.stride + x + i % 8] = value;
                }
            }
        }
    }
    planes
}

/// One dimension of `jpeg_idct_islow`.
fn eight(v: [i32; 8], shift: u32) -> [i32; 8] {
    let z1 = (v[2] + v[6]) * 4433;
    let (even2, even3) = (z1 - v[6] * 15137, z1 + v[2] * 6270);
    let (even0, even1) = ((v[0] + v[4]) << 13, (v[0] - v[4]) << 13);
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];
    let z5 = (v[7] + v[3] + v[5] + v[1]) * 9633;
    let (z1, z2) = ((v[7] + v[1]) * -7373, (v[5] + v[3]) * -20995);
    let (z3, z4) = ((v[7] + v[3]) * -16069 + z5, (v[5] + v[1]) * -3196 + z5);
    let odd = [v[1] * 12299 + z1 + z4, v[3] * 25172 + z2 + z3, v[5] * 16819 + z2 + z4, v[7] * 2446 + z1 + z3];
    std::array::from_fn(|i| {
        let sum = if i < 4 { even[i] + odd[i] } else { even[7 - i] - odd[7 - i] };
        (sum + (1 << (shift - 1))) >> shift
    })
}

fn inverse_dct(values: &[i32; 64]) -> [u8; 64] {
    let mut half = [0; 64];
    for x in 0..8 {
        for (y, value) in eight(std::array::from_fn(|y| values[y * 8 + x]), 11).into_iter().enumerate() {
            half[y * 8 + x] = value;
        }
    }
    let mut out = [0; 64];
    for y in 0..8 {
        for (x, value) in eight(std::array::from_fn(|x| half[y * 8 + x]), 18).into_iter().enumerate() {
            out[y * 8 + x] = (value + 128).clamp(0, 255) as u8;
        }
    }
    out
}

/// Chroma at pixel (x, y): nine parts of the nearest sample, three of each neighbour, one of the diagonal one.
fn chroma(plane: &Plane, (columns, rows): (usize, usize), x: usize, y: usize) -> i32 {
    let (cx, cy) = (x / 2, y / 2);
    let beside = |c: usize, odd: bool, most: usize| if odd { (c + 1).min(most - 1) } else { c.saturating_sub(1) };
    let (nx, ny) = (beside(cx, x % 2 == 1, columns), beside(cy, y % 2 == 1, rows));
    let column = |x: usize| 3 * i32::from(plane.values[cy * plane.stride + x]) + i32::from(plane.values[ny * plane.stride + x]);
    (3 * column(cx) + column(nx) + if x.is_multiple_of(2) { 8 } else { 7 }) >> 4
}

fn to_rgb(width: usize, height: usize, planes: &[Plane]) -> Vec<u8> {
    let size = (width.div_ceil(2), height.div_ceil(2));
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let luma = i32::from(planes[0].values[y * planes[0].stride + x]);
            let (cb, cr) = (chroma(&planes[1], size, x, y) - 128, chroma(&planes[2], size, x, y) - 128);
            let r = luma + ((91_881 * cr + 32_768) >> 16);
            let g = luma + ((-22_554 * cb - 46_802 * cr + 32_768) >> 16);
            let b = luma + ((116_130 * cb + 32_768) >> 16);
            rgb.extend([r, g, b].map(|v| v.clamp(0, 255) as u8));
        }
    }
    rgb
}

#[rustfmt::skip]
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
