namespace QuantumTrader.App.Commands;

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Good = 0;

    /// <summary>The run failed, or its account does not add up.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The pipeline is wrong.</summary>
    public const int Configuration = 3;

    /// <summary>Something outside is missing: a file, a library, room on the disk.</summary>
    public const int Outside = 4;
}
