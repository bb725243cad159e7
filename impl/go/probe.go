// SPDX-License-Identifier: MIT
package main

import (
	"syscall"
	"time"
	"unsafe"
)

// probe is where a cell notes when operation i began and ended, in memory that the harness reads.
type probe struct {
	memory []byte
	slots  [][2]uint64
	origin time.Time
	// originNs is what CLOCK_MONOTONIC said at origin: Go's own clock is the same one, but hides its zero.
	originNs uint64
	look     func()
}

// readClocks tells what CLOCK_MONOTONIC says at a moment of Go's clock: that of many pairs that were read closest
// together, for between two calls this thread may have to wait.
func readClocks() (origin time.Time, originNs uint64, err error) {
	const clockMonotonic = 1
	closest := time.Hour
	for i := 0; i < 100; i++ {
		var now syscall.Timespec
		before := time.Now()
		_, _, code := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
		if code != 0 {
			return origin, 0, code
		}
		after := time.Now()
		if apart := after.Sub(before); apart < closest {
			closest, origin, originNs = apart, before.Add(apart/2), uint64(now.Nano())
		}
	}
	return origin, originNs, nil
}

func newProbe(asked *request, look func()) (*probe, error) {
	made := &probe{look: look}
	var err error
	if made.origin, made.originNs, err = readClocks(); err != nil {
		return nil, err
	}
	slots := int(asked.number("slots"))
	if slots == 0 {
		return made, nil
	}
	const mode, flags = syscall.PROT_READ | syscall.PROT_WRITE, syscall.MAP_SHARED | syscall.MAP_POPULATE
	if made.memory, err = syscall.Mmap(asked.descriptor("slots_fd"), 0, 16*slots, mode, flags); err != nil {
		return nil, err
	}
	made.slots = unsafe.Slice((*[2]uint64)(unsafe.Pointer(&made.memory[0])), slots)
	return made, nil
}

func (p *probe) close() error {
	if p.memory == nil {
		return nil
	}
	return syscall.Munmap(p.memory)
}

func (p *probe) now() uint64    { return p.originNs + uint64(time.Since(p.origin)) }
func (p *probe) begin(i uint64) { p.slots[i][0] = p.now() }
func (p *probe) end(i uint64)   { p.slots[i][1] = p.now() }
