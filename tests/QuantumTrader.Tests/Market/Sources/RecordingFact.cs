namespace QuantumTrader.Tests.Market.Sources;

/// <summary>
/// A test over the real recordings: in the folder that QT_DATA names, else in shared/data beside the repository. Skipped where there are
/// none, except in CI.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecordingFactAttribute : FactAttribute
{
    public RecordingFactAttribute()
    {
        if (!Directory.Exists(Recordings.Folder) && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Skip = $"The recordings are not at '{Recordings.Folder}': set QT_DATA to the folder that holds binance/, gemini/ and coinbase/.";
        }
    }
}

internal static class Recordings
{
    public static string Root { get; } = FindRoot();

    public static string Folder { get; } = Environment.GetEnvironmentVariable("QT_DATA") ?? Path.GetFullPath(Path.Combine(Root, "..", "shared", "data"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QuantumTrader.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
