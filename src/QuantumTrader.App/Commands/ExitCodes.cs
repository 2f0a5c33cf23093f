using QuantumTrader.Models.Training;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary>What the process ends with; docs/running.md tells users. A run ended by a second signal ends with the system's 128 + signal.</summary>
internal static class ExitCodes
{
    /// <summary>All went well; also a run that was stopped by a signal, drained and balanced.</summary>
    public const int Good = 0;

    /// <summary>The run failed, was not drained in time, or its account does not add up.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The pipeline is wrong.</summary>
    public const int Configuration = 3;

    /// <summary>Something outside is missing: a file, a library, room on the disk.</summary>
    public const int Outside = 4;

    /// <summary>Says on standard error what is wrong with a pipeline, all of it, and returns the code.</summary>
    public static int Refuse(FindingException refused)
    {
        Console.Error.WriteLine(string.Join(Environment.NewLine, refused.Findings));
        return refused.Outside ? Outside : Configuration;
    }

    /// <summary>The same of what a part of a pipeline found only when it began, such as a port that is taken.</summary>
    public static int Refuse(ConfigurationException refused)
    {
        Console.Error.WriteLine(refused.Message);
        return refused.Outside ? Outside : Configuration;
    }

    /// <summary>The code of an error that is no bug and whose message says all; null for any other.</summary>
    public static int? Of(Exception error) => error switch
    {
        FindingException { Outside: false } => Configuration,
        TrainingException or InvalidDataException => Failed,
        FindingException or IOException or UnauthorizedAccessException => Outside,
        _ => null,
    };
}
