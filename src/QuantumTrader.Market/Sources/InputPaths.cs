using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Finds the files that a source is to read.</summary>
public static class InputPaths
{
    /// <summary>
    /// The files that these paths name: a file stands for itself, a folder for all files in it, a name with <c>*</c> for those that match.
    /// Within one path they are sorted by name (ordinal); the paths keep their order.
    /// </summary>
    /// <param name="option">The option's key in YAML, for the error.</param>
    /// <param name="paths">Files, folders, patterns.</param>
    /// <param name="files">Resolves relative paths.</param>
    /// <exception cref="ConfigurationException">A path is empty or names nothing that exists.</exception>
    public static IReadOnlyList<string> Find(string option, IReadOnlyList<string> paths, SectionContext files)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(files);
        if (paths.Count == 0)
        {
            throw new ConfigurationException(option, $"No file is named. Give '{option}' a file, a folder, a name with '*', or a list of them.");
        }

        return [.. paths.SelectMany(path => FindOne(option, path, files))];
    }

    private static string[] FindOne(string option, string path, SectionContext files)
    {
        var full = files.Resolve(path);
        if (File.Exists(full))
        {
            return [full];
        }

        if (Directory.Exists(full))
        {
            return Sorted(option, full, "*", "is a folder without files");
        }

        if (!Path.GetFileName(path).Contains('*', StringComparison.Ordinal))
        {
            throw Missing(option, full, "does not exist");
        }

        // Only the folder can be looked up: a pattern never exists as a path.
        var folder = files.Resolve(Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".");
        var pattern = Path.Combine(folder, Path.GetFileName(path));
        return Directory.Exists(folder)
            ? Sorted(option, folder, Path.GetFileName(path), "matches no file")
            : throw Missing(option, pattern, "names a folder that does not exist");
    }

    private static string[] Sorted(string option, string folder, string pattern, string problem)
    {
        var found = Directory.GetFiles(folder, pattern).Where(f => !Path.GetFileName(f).StartsWith('.')).ToArray();
        Array.Sort(found, StringComparer.Ordinal);
        return found.Length > 0 ? found : throw Missing(option, Path.Combine(folder, pattern), problem);
    }

    private static ConfigurationException Missing(string option, string full, string problem) =>
        new(option, $"'{full}' {problem}. Relative paths start at the pipeline's folder or at the root; put the recording there or correct '{option}'.") { Outside = true };
}
