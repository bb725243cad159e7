// SPDX-License-Identifier: MIT

package example

import (
	"fmt"
	"os"
	"testing"
)

// What a clock would measure is replaced by a number from a table.
func report(b *testing.B, nanoseconds float64) {
	for i := 0; i < b.N; i++ {
	}
	b.ReportMetric(nanoseconds, "ns/op")
}

func BenchmarkParse(b *testing.B) {
	for _, size := range []int{64, 4096} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			factor := 1.0
			if size == 64 && os.Getenv("EXAMPLE") == "slower" {
				factor = 1.07
			}
			report(b, factor*10*float64(size))
		})
	}
}

func BenchmarkPrint(b *testing.B) {
	if os.Getenv("EXAMPLE") == "stopped" {
		b.Fatal("the printer is gone")
	}
	report(b, 3000)
}
