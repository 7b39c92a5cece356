"""One training step of a BERT classifier in PyTorch, timed: what `cordon bench finetune` compares itself with.

Reads a JSON line from stdin: {"config": …, "rows": N, "tokens": T, "labels": L, "steps": S, "threads": K, "device": "cpu" | "cuda"}; writes one to
stdout: {"seconds": [S numbers], "version": …, "device": …}. float32 throughout, AdamW, gradients clipped to a norm of 1, as Cordon does.
transformers' BertForSequenceClassification where it is installed, else torch.nn.TransformerEncoder of the same shape.
"""

import json
import sys
import time

import torch
from torch import nn

ask = json.loads(sys.stdin.readline())
config, rows, tokens, labels = ask["config"], ask["rows"], ask["tokens"], ask["labels"]
device = torch.device(ask["device"])
torch.manual_seed(1)
if device.type == "cpu":
    torch.set_num_threads(ask["threads"])
else:
    # TF32 is no float32: its products have ten bits behind the point.
    torch.backends.cuda.matmul.allow_tf32 = False


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        width = config["hidden_size"]
        self.words = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Embedding(config["max_position_embeddings"], width)
        self.norm = nn.LayerNorm(width)
        layer = nn.TransformerEncoderLayer(
            width, config["num_attention_heads"], config["intermediate_size"], 0.0, "gelu", batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, config["num_hidden_layers"])
        self.pooler = nn.Linear(width, width)
        self.classifier = nn.Linear(width, labels)

    def forward(self, ids):
        x = self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device)))
        return self.classifier(torch.tanh(self.pooler(self.layers(x)[:, 0])))


try:
    import transformers

    shape = transformers.BertConfig(
        **{key: config[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings")},
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=labels,
    )
    model = transformers.BertForSequenceClassification(shape)
    version = f"torch {torch.__version__}, transformers {transformers.__version__}"

    def logits_of(ids):
        return model(input_ids=ids).logits
except ImportError:
    model = Plain()
    version = f"torch {torch.__version__}, nn.TransformerEncoder"

    def logits_of(ids):
        return model(ids)


model.to(device).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
ids = torch.randint(5, config["vocab_size"], (rows, tokens), device=device)
target = (torch.rand(rows, labels, device=device) > 0.5).float()


def step():
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(logits_of(ids), target)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()  # waits for the device


step()
step()
seconds = []
for _ in range(ask["steps"]):
    started = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - started)
name = torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
print(json.dumps({"seconds": seconds, "version": version, "device": name}))
