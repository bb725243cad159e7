// SPDX-License-Identifier: MIT
package main

import (
	"encoding/binary"
	"math/bits"
)

// bench/kernel in Go.

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func waitNs(seed, i, shortestUs, longestUs uint64) uint64 {
	if shortestUs > longestUs {
		shortestUs, longestUs = longestUs, shortestUs
	}
	return shortestUs*1000 + mix(seed^mix(i))%((longestUs-shortestUs)*1000+1)
}

func hash(index uint64, data []byte) uint64 {
	state := mix(index ^ uint64(len(data)))
	for len(data) >= 8 {
		state = (state ^ binary.LittleEndian.Uint64(data)) * 0x9fb21c651e98df25
		state = bits.RotateLeft64(state, 27)
		data = data[8:]
	}
	var tail uint64
	for i := len(data) - 1; i >= 0; i-- {
		tail = tail<<8 | uint64(data[i])
	}
	return mix(state ^ tail)
}

// payload fills data as kernel::payload does.
func payload(seed, index uint64, data []byte) {
	state := mix(seed ^ mix(index))
	var word [8]byte
	for len(data) > 0 {
		state = mix(state)
		binary.LittleEndian.PutUint64(word[:], state)
		data = data[copy(data, word[:]):]
	}
}
