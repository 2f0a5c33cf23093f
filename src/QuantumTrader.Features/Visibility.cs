using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("QuantumTrader.Tests")]
[assembly: InternalsVisibleTo("qt")]
