// SPDX-License-Identifier: MIT
package main

import (
	"syscall"
	"time"
	"unsafe"
)

// probe is where a cell notes when operation i began and ended, in memory that the harness reads.
type probe struct {
	slots  [][2]uint64
	origin time.Time
	// originNs is what CLOCK_MONOTONIC said at origin: Go's own clock is the same one, but hides its zero.
	originNs uint64
	look     func()
}

func newProbe(asked *request, look func()) (*probe, error) {
	made := &probe{look: look}
	var now syscall.Timespec
	const clockMonotonic = 1
	made.origin = time.Now()
	if _, _, code := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0); code != 0 {
		return nil, code
	}
	made.originNs = uint64(now.Nano())
	if asked.Slots == 0 {
		return made, nil
	}
	memory, err := syscall.Mmap(asked.SlotFd, 0, 16*asked.Slots, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	made.slots = unsafe.Slice((*[2]uint64)(unsafe.Pointer(&memory[0])), asked.Slots)
	return made, nil
}

func (p *probe) now() uint64    { return p.originNs + uint64(time.Since(p.origin)) }
func (p *probe) begin(i uint64) { p.slots[i][0] = p.now() }
func (p *probe) end(i uint64)   { p.slots[i][1] = p.now() }
