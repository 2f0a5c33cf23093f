using QuantumTrader.App.Benchmarks;
if (args.Contains("--probe")) { EngineBenchmark.Probe(); return 0; }
foreach (var c in EngineBenchmark.Run(args.Contains("--quick")).Cases) Console.WriteLine($"{c.Case,-45} {Rounds.Format(c.Value),14} {c.Unit,-12} ratio {c.Ratio:0.###} limit {c.Limit}");
return 0;
