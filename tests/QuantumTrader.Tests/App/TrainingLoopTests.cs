using QuantumTrader.Tests.ZeroMq;

namespace QuantumTrader.Tests.App;

/// <summary>The loops that docs/training.md and docs/python.md show, from features to a model that a pipeline takes.</summary>
public sealed class TrainingLoopTests
{
    [Fact]
    public void The_loop_of_the_page_on_training_runs() => RunLoop("training.md");

    [PythonOnnxFact]
    public void The_loop_of_the_page_on_python_runs() => RunLoop("python.md");

    // The first block of the page, line by line, with its files in a folder of their own.
    private static void RunLoop(string page)
    {
        using var folder = new TemporaryFolder();
        var lines = File.ReadAllText(Path.Combine(Qt.Root, "docs", page)).Split("```sh\n")[1].Split("```")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(4);
        foreach (var line in lines)
        {
            var words = line.Split(' ').Select(w => w.Replace(".qt/", folder.Path + "/", StringComparison.Ordinal)).ToArray();
            var (code, output, error) = words[0] == "./qt" ? Qt.Run(words[1..]) : RunPython(words[1..]);
            code.ShouldBe(0, $"{line}\n{output}{error}");
        }
    }

    private static (int Code, string Output, string Error) RunPython(string[] arguments)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(arguments[^1])!);
        using var python = Python.Start([Path.Combine(Qt.Root, arguments[0]), .. arguments[1..]]);
        return python.Wait();
    }
}

/// <summary>A test that needs Debian's Python with numpy and onnx.</summary>
internal sealed class PythonOnnxFactAttribute() : NeedingFactAttribute(IsPresent, "Debian's python3-numpy and python3-onnx are not installed")
{
    private static readonly bool IsPresent = File.Exists(Python.Program) && Python.Start("-c", "import numpy, onnx").Wait().Code == 0;
}
