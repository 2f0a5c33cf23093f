using System.Runtime.CompilerServices;

// The tests check that the fast and the general decoder agree, which is nobody else's business.
[assembly: InternalsVisibleTo("QuantumTrader.Tests")]
