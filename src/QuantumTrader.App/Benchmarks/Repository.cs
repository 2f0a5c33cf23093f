namespace QuantumTrader.App.Benchmarks;

/// <summary>The repository that the program was built in.</summary>
internal static class Repository
{
    /// <summary>Its folder: the nearest one above the program that holds the solution; null when there is none.</summary>
    public static string? Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QuantumTrader.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
