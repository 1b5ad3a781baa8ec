/** Fields of a Llama's config.json that do not change what it computes from given tokens. */
export const IRRELEVANT_FIELDS: ReadonlySet<string> = new Set([
  // provenance, names, labels
  ...words`_name_or_path name_or_path model_type transformers_version tokenizer_class license prefix
    transformers.js_config unsloth_fixed unsloth_version is_llama_config custom_pipelines _commit_hash hf_device_map
    finetuning_task task_specific_params problem_type id2label label2id num_labels _num_labels`,
  // how it was made or is run in Python; the dtype of the weights is the one the tensors state
  ...words`initializer_range attention_dropout hidden_dropout resid_pdrop embd_pdrop attn_pdrop
    hidden_dropout_prob attention_probs_dropout_prob gradient_checkpointing
    torch_dtype dtype use_bfloat16 use_cache low_cpu_mem_usage chunk_size_feed_forward is_decoder pruned_heads
    attn_implementation _attn_implementation _attn_implementation_autoset _flash_attn_2_enabled torchscript
    tf_legacy_loss output_past return_dict return_dict_in_generate output_attentions output_hidden_states output_scores`,
  // lengths said twice: max_position_embeddings counts
  ...words`max_sequence_length model_max_length tokenizer_model_max_length`,
  // tokens without a part in generation
  ...words`pad_token_id unk_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id`,
  // defaults for sampling, which a request states for itself
  ...words`do_sample temperature top_k top_p min_p typical_p repetition_penalty length_penalty diversity_penalty
    exponential_decay_length_penalty max_length min_length num_beams num_beam_groups num_return_sequences early_stopping
    no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids suppress_tokens begin_suppress_tokens
    forced_bos_token_id forced_eos_token_id remove_invalid_values`,
])

function words([text]: TemplateStringsArray): string[] {
  return text.split(/\s+/)
}
