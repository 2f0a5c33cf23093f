using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("qt")]
