// SPDX-License-Identifier: MIT
//! bench/kernel in Rust.

pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub fn wait_ns(seed: u64, i: u64, shortest_us: u64, longest_us: u64) -> u64 {
    let (low, high) = (shortest_us.min(longest_us), shortest_us.max(longest_us));
    low * 1_000 + mix(seed ^ mix(i)) % ((high - low) * 1_000 + 1)
}

pub fn hash(index: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(index ^ bytes.len() as u64);
    let words = bytes.chunks_exact(8);
    let tail = words.remainder().iter().rev().fold(0, |tail, &byte| tail << 8 | u64::from(byte));
    for word in words {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        state = (state ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(27);
    }
    mix(state ^ tail)
}

pub fn payload(seed: u64, index: u64, bytes: &mut [u8]) {
    let mut state = mix(seed ^ mix(index));
    for word in bytes.chunks_mut(8) {
        state = mix(state);
        word.copy_from_slice(&state.to_le_bytes()[..word.len()]);
    }
}
