module github.com/hearth-metrics/hearth/test/peers/prometheus

go 1.26.0

require github.com/prometheus/prometheus v0.315.0
