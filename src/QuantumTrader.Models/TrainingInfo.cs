namespace QuantumTrader.Models;

/// <summary>Where a model came from.</summary>
/// <param name="DataSha256">Hash of all vectors given and of the options.</param>
/// <param name="CodeVersion">Version of the code that trained it.</param>
/// <param name="Rows">Rows that the final model was fitted on.</param>
/// <param name="FirstTime">Time of the first one, ns UTC.</param>
/// <param name="LastTime">Time of the last one, ns UTC.</param>
/// <param name="Options">Label, learner and test, each by name.</param>
/// <param name="Skill">The folds together against the base rates.</param>
/// <param name="Learned">False when the folds show no skill.</param>
public sealed record TrainingInfo(
    string DataSha256, string CodeVersion, int Rows, long FirstTime, long LastTime, IReadOnlyDictionary<string, string> Options, SkillResult Skill, bool Learned);

/// <summary>How a model that was fitted on the past did on the rows behind it.</summary>
/// <param name="Fold">Number, from 1.</param>
/// <param name="TrainRows">Rows fitted on.</param>
/// <param name="PurgedRows">Rows left out because their label reaches into the test rows.</param>
/// <param name="EmbargoedRows">Rows left out because their label ends within the embargo before the test rows.</param>
/// <param name="TestRows">Rows tested on.</param>
/// <param name="BaseRate">Share of test rows that were up.</param>
/// <param name="Accuracy">Share of test rows whose likeliest class came.</param>
/// <param name="LogLoss">Mean of -ln(probability given to what happened).</param>
/// <param name="BaseLogLoss">The same for constant probabilities: the training rows' own rates.</param>
/// <param name="Auc">Chance that a row of a class was ranked above one of the others, on average over the classes; null when one is missing.</param>
/// <param name="Brier">Mean squared distance of the probabilities from what happened.</param>
/// <param name="Trades">Rows with a probability of up or down of at least the signal's confidence.</param>
/// <param name="MeanNetReturn">What a trade in their direction brought on average after costs, as a share of the price; null without one.</param>
public sealed record FoldResult(
    int Fold, int TrainRows, int PurgedRows, int EmbargoedRows, int TestRows, double BaseRate, double Accuracy, double LogLoss, double BaseLogLoss, double? Auc, double Brier,
    int Trades, double? MeanNetReturn);

/// <summary>Whether a model's answers were better than the base rates by more than luck.</summary>
/// <param name="Rows">Tested rows.</param>
/// <param name="BlockRows">Rows that were drawn together.</param>
/// <param name="Gain">Mean log-loss of the base rates less that of the model.</param>
/// <param name="LowGain">Lower bound of the gain: 95 % of the draws were above.</param>
/// <param name="HighGain">Upper bound of the gain: 95 % of the draws were below.</param>
/// <param name="PValue">Share of the draws without a gain.</param>
/// <param name="Level">The share below which a gain is no luck.</param>
/// <param name="Learned">True when it is, and there were enough blocks to tell.</param>
public sealed record SkillResult(int Rows, int BlockRows, double Gain, double LowGain, double HighGain, double PValue, double Level, bool Learned);

/// <summary>How far a class's probabilities, out of sample, were what then came.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="ExpectedError">Mean distance between probability and share over the bins, weighted by rows (expected calibration error).</param>
/// <param name="Bins">Bins of equal width that held a row.</param>
public sealed record ClassCalibration(string Class, double ExpectedError, IReadOnlyList<CalibrationBin> Bins);

/// <summary>Rows whose probability lay in one interval.</summary>
/// <param name="From">Lower bound.</param>
/// <param name="To">Upper bound.</param>
/// <param name="Rows">How many.</param>
/// <param name="MeanProbability">Mean of their probabilities.</param>
/// <param name="ObservedShare">Share of them in which the class came.</param>
public sealed record CalibrationBin(double From, double To, int Rows, double MeanProbability, double ObservedShare);

/// <summary>How values were spread in training; later ones are held against it.</summary>
/// <param name="Features">Each feature of the rows that the model was trained on.</param>
/// <param name="Score">Probability of up, out of sample.</param>
public sealed record TrainingBins(IReadOnlyList<ValueBins> Features, ValueBins Score)
{
    private const int Parts = 10;

    /// <summary>Deciles of some values: equal values are never parted, so there may be fewer than ten bins.</summary>
    /// <param name="name">What they are.</param>
    /// <param name="values">At least one.</param>
    internal static ValueBins Of(string name, double[] values)
    {
        var sorted = values.Order().ToArray();
        var edges = Enumerable.Range(1, Parts - 1).Select(part => sorted[(int)(((long)sorted.Length * part + Parts - 1) / Parts) - 1]).Distinct().Where(e => e < sorted[^1]).ToArray();
        var shares = new double[edges.Length + 1];
        foreach (var value in sorted)
        {
            shares[edges.Count(e => e < value)]++;
        }

        return new ValueBins(name, edges, [.. shares.Select(s => s / sorted.Length)]);
    }
}

/// <summary>Shares of values between edges.</summary>
/// <param name="Name">What the values are.</param>
/// <param name="Edges">Upper bounds of all bins but the last, in order; a value on an edge belongs below it.</param>
/// <param name="Shares">One per bin, together 1.</param>
public sealed record ValueBins(string Name, IReadOnlyList<double> Edges, IReadOnlyList<double> Shares);
